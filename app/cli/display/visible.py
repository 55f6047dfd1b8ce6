"""Texts that are safe on a terminal: what controls it, or hides and turns round other characters, is written out."""

import json
import re

# Control characters, and the invisible ones of Unicode. Joiners stay: emoji and several scripts need them.
_HIDDEN = (
    "\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e007f"
)
_ANY = re.compile(f"[{_HIDDEN}]")
_NOT_IN_LINES = re.compile(f"(?!\n)[{_HIDDEN}]")


def visible(text: str) -> str:
    """A text in one line: a line break in it is `\\n`, an escape character `\\x1b`."""
    return _ANY.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def visible_lines(text: str) -> str:
    """A text whose line breaks stay."""
    return _NOT_IN_LINES.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def visible_json(text: str) -> str:
    """A JSON text that means the same."""
    return _NOT_IN_LINES.sub(lambda match: json.dumps(match[0])[1:-1], text)
