"""Guess: which encoding some text may be in, for people to look at; nothing is read by it.

Pure: no I/O.
"""

import re
from itertools import pairwise

from app.imports.source.census import ENDING, MAX_MISPLACED

# Those that tables are found in, the more frequent first: the detector knows more, and takes one of them for another.
# What makes sense as cp1252 may be the first ones; what does not may be all but cp1252.
LATIN = ("cp1252", "cp1250", "cp1254", "cp1257", "iso8859_2", "iso8859_9")
ALL = (
    *("cp1251", "cp932", "gb18030", "big5", "cp949", "euc_jp", "cp1250", "cp1253", "cp1254", "cp1255", "cp1256"),
    *("cp1257", "mac_roman", "koi8_r", "cp850", "cp437", "cp866", "iso8859_2", "iso8859_5", "iso8859_7", "iso8859_9"),
    *("mac_cyrillic", "tis_620"),
)
_LETTER = r"[^\W\d_]"
# Signs of cp1252 that follow no letter, and the frames and arrows that DOS has in their place.
_SIGNS = (
    r"\u201a\u201e\u2021\u02c6\u2030\u2039\u2022\u02dc\u203a\u2190-\u25ff"
    r"\u00a1-\u00a8\u00ac-\u00af\u00b4-\u00b6\u00b8\u00bf\u00f7"
)
_FOREIGN = r"\u0370-\u2000\u2c00-\uff60\uffa0-\uffff"
# Signs of text in a wrong encoding: signs after letters and inside words, letters of two scripts in one word, Latin
# ones beyond ASCII in a row, controls, and the half-width letters that few Japanese files have.
_MISPLACED = re.compile(
    rf"{_LETTER}[{_SIGNS}]|{_LETTER}[{ENDING}](?={_LETTER})"
    rf"|[A-Za-z][{_FOREIGN}]|[{_FOREIGN}][A-Za-z]|[\u00c0-\u024f]{{3}}|[\x80-\x9f\uff61-\uff9f]"
)


def guess_encoding(excerpt: bytes, *, may_be_cp1252: bool) -> str | None:
    """The encoding that some text which is not ASCII is likely to be in, as the options name it."""
    # It takes a while to load, and few files need it.
    from charset_normalizer import from_bytes  # noqa: PLC0415

    likely = LATIN if may_be_cp1252 else ALL
    ranks: dict[str, tuple[bool, float, int]] = {}
    for match in from_bytes(excerpt, cp_isolation=list(likely)):
        is_odd = _count_misplaced(str(match)) > MAX_MISPLACED * sum(not c.isascii() for c in str(match))
        # What languages the letters speak for says less than letters at odds, and nothing among Latin encodings.
        score = 2 * match.chaos - (0 if may_be_cp1252 else match.coherence)
        for name in {match.encoding, *match.could_be_from_charset} & {*likely}:
            ranks[name] = (is_odd, round(score, 2), likely.index(name))
    return min(ranks, key=ranks.__getitem__).replace("_", "-") if ranks else None


def _count_misplaced(text: str) -> int:
    """Count the characters in unusual places; capitals inside words among them."""
    capitals = sum(a.islower() and b.isupper() and not b.isascii() for a, b in pairwise(text))
    return capitals + len(_MISPLACED.findall(text))
