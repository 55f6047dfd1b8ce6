"""Hints for a text that is not JSON. Pure."""

import json
import re

_WORDS = {"True": "true", "False": "false", "None": "null", "undefined": "null", "nil": "null", "NULL": "null"}
_WORD = re.compile(r"[A-Za-z_$][\w$-]{0,40}")
# By the beginning of the reader's message and the character at which it stopped: the first that fits.
_REMEDIES = (
    ("Unterminated", "", "Close the string that begins there with a double quote."),
    ("Invalid control", "", "Write a line break within a string as \\n, a tab as \\t."),
    (r"Invalid \\", "", "Write a backslash within a string twice."),
    ("", r"\s*$", "Something is missing at the end: a value, or a closing bracket."),
    ("", r"['`\u2018-\u201f]", "Put names and strings in double quotes."),
    ("", r"//|/\*|#", "Remove the comment: JSON has none."),
    ("", "<", "Send JSON: this is HTML or XML."),
    ("Extra data", r"\s*[{\[]", "Send several records as one array: [{…}, {…}]."),
    ("Extra data", "", "Remove what follows the end of the document."),
    ("Expecting ','", "", "Put a comma, or a closing bracket, before it."),
    ("Expecting ':'", "", "Put a colon between a name and its value."),
)


def find_remedy(error: json.JSONDecodeError) -> str | None:
    """A sentence that says what to change at the place where reading ended; None if there is nothing to add."""
    text, at = error.doc, error.pos
    if not text.strip():
        return "Send a JSON document."
    if _stops_at_last_comma(text, at):
        return "Remove the comma before the closing bracket."
    rest = text[at:]
    for message, found, remedy in _REMEDIES:
        if re.match(message, error.msg) and re.match(found, rest):
            return remedy
    word = _WORD.match(rest)
    if word is None:
        return None
    written = _WORDS.get(word[0]) if error.msg.startswith("Expecting value") else None
    return f"Write {written} in place of {word[0]}." if written else f'Put it in double quotes: "{word[0]}".'


def _stops_at_last_comma(text: str, at: int) -> bool:
    """Return whether a comma stands before a closing bracket; readers stop at the one or at the other."""
    behind = text[at : at + 100]
    is_comma = re.match(r",\s*[}\]]", behind) is not None
    return is_comma or (behind[:1] in ("}", "]") and text[:at].rstrip().endswith(","))
