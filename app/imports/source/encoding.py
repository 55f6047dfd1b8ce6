"""Encodings: what a file's characters are written in, as its mark, its first bytes or the options say.

Pure: no I/O.
"""

import codecs
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from app.imports.errors import EncodingMismatch, FileDamaged, FileNotCsv
from app.imports.formats.csv.split import is_utf8
from app.imports.source.compression import BLOCK_SIZE

MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
WIDE = tuple(name for _, name in MARKS if name != "utf-8")
HEAD_BYTES = 4096
# Of text these are rare; those that may delimit fields, and NUL, which has a limit of its own, are not among them.
_CONTROLS = bytes([*range(2, 9), *range(0x0E, 0x1B), 0x7F])


class EncodingInDoubt(Exception):
    """A file that nothing says the encoding of holds bytes that are not UTF-8."""


@dataclass(frozen=True)
class Encoding:
    """The encoding, and the number of bytes of its mark at the file's beginning.

    `is_guess` is true if only the whole file can decide.
    """

    name: str
    mark: int = 0
    is_guess: bool = False

    @property
    def is_utf8(self) -> bool:
        return codecs.lookup(self.name).name in ("utf-8", "ascii")

    @property
    def errors(self) -> str:
        """The error handler for bytes that are not valid in the encoding: as they are, or as halves of a surrogate
        pair."""
        return "surrogatepass" if self.name in WIDE else "surrogateescape"

    def check(self, data: bytes) -> None:
        """Raise EncodingInDoubt if the encoding is a guess that decoded `data` refutes."""
        if self.is_guess and not is_utf8(data):
            raise EncodingInDoubt

    def offset(self, data: bytes, places: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Convert positions in decoded `data`, in ascending order, to bytes of the file, counted from the beginning of
        `data`."""
        if self.is_utf8 or not len(places):
            return places
        distances, before, total = np.empty(len(places), np.int64), 0, 0
        for index, place in enumerate(places):
            total += self._size(data, before, int(place))
            distances[index], before = total, int(place)
        return distances

    def _size(self, data: bytes, start: int, end: int) -> int:
        """Count the bytes of the file that some decoded ones were, a part of them at a time."""
        total = 0
        while start < end:
            stop = min(start + BLOCK_SIZE, end)
            if stop < end:
                # Not inside a character, which has four bytes at most.
                stop -= next((back for back in range(4) if data[stop - back] & 0xC0 != 0x80), 0)
            text = data[start:stop].decode("utf-8", self.errors)
            total += len(text.encode(self.name, self.errors))
            start = stop
        return total

    def size(self, data: bytes) -> int:
        """Count the bytes of the file that decoded `data` was."""
        return int(self.offset(data, np.array([len(data)]))[0])


def find_encoding(first: bytes, given: str | None, separators: bytes = b"") -> Encoding:
    """The encoding of a file with these first bytes; `separators` are the characters that the options say it has.

    Raises:
        FileNotCsv, EncodingMismatch: the bytes are not text, or not of the encoding that is given or marked.
    """
    mark, marked = _find_mark(first)
    head = first[mark : mark + HEAD_BYTES]
    if given is not None:
        return _as_given(codecs.lookup(given).name, mark, marked, head)
    if marked:
        _check_width(head, marked, "begins with the mark of", "Give its `encoding`, as utf-8.")
        return Encoding(marked, mark)
    if wide := _find_wide_encoding(head):
        return Encoding(wide)
    controls = len(head) - len(head.translate(None, _CONTROLS.translate(None, separators)))
    if head.count(0) > 0.1 * len(head) or controls > 0.05 * len(head):
        raise FileNotCsv("The file holds binary data.", hint="Upload a CSV file in UTF-8.")
    return Encoding("utf-8", is_guess=True)


def _as_given(name: str, mark: int, marked: str, head: bytes) -> Encoding:
    """The encoding of that name; a mark or the first bytes decide its byte order."""
    name = name.removesuffix("-sig")
    if name in ("utf-16", "utf-32"):
        found = marked or _find_wide_encoding(head) or ""
        name = found if found.startswith(name) else f"{name}-le"
    if name in WIDE:
        _check_width(head, name, "was said to be", "Give the right `encoding`, or leave it out.")
    # The marks of UTF-16 and UTF-32 are not bytes of UTF-8.
    return Encoding(name, mark if name == marked or (name == "utf-8" and marked) else 0)


def _find_mark(first: bytes) -> tuple[int, str]:
    """The length of the marks that a file begins with, and the encoding of the last one.

    Programs that join or convert files leave several marks in a row.
    """
    length, name = 0, ""
    while found := next((pair for pair in MARKS if first.startswith(pair[0], length)), None):
        if name in WIDE and found[1] != name:
            break
        length, name = length + len(found[0]), found[1]
    return length, name


def _check_width(head: bytes, name: str, what: str, hint: str) -> None:
    """Raise EncodingMismatch if text of one byte to a character would be read as UTF-16 or UTF-32."""
    # Of a table that is really wide, each delimiter and each line end has a NUL.
    if name in WIDE and 0 not in head and (b"\n" in head or b"\r" in head):
        raise EncodingMismatch(f"The file {what} {name}, but is not {name}.", hint=hint)


def _find_wide_encoding(head: bytes) -> str | None:
    """The encoding of text with NULs in the positions that UTF-16 and UTF-32 have in ASCII, as in each line end.

    A table of another script has them in every delimiter.
    """
    nuls = [head[place::4].count(0) / max(len(head[place::4]), 1) for place in range(4)]
    if min(nuls[2:]) > 0.9 and nuls[0] < 0.05:
        return "utf-32-le"
    if min(nuls[:2]) > 0.9 and nuls[3] < 0.05:
        return "utf-32-be"
    even, odd = (nuls[0] + nuls[2]) / 2, (nuls[1] + nuls[3]) / 2
    for name, own, other in (("utf-16-le", odd, even), ("utf-16-be", even, odd)):
        if (own > 0.7 and other < 0.05) or (own > 0.05 and not other and _is_text(head, name)):
            return name
    return None


def _is_text(head: bytes, name: str) -> bool:
    """Return whether bytes are lines of assigned characters in that encoding."""
    text = codecs.getincrementaldecoder(name)("replace").decode(head)
    return "\n" in text and all(character.isprintable() or character.isspace() for character in text)


def decoder(encoding: Encoding, *, is_given: bool) -> Callable[[bytes, bool], bytes] | None:
    """The decoder of the file's bytes to UTF-8, block by block; None if they are that already."""
    if encoding.is_utf8:
        return None
    decoder = codecs.getincrementaldecoder(encoding.name)(encoding.errors)

    def decode(data: bytes, final: bool) -> bytes:
        try:
            return decoder.decode(data, final).encode("utf-8", encoding.errors)
        except UnicodeDecodeError as error:
            raise _undecodable(encoding.name, error, is_given) from None

    return decode


def _undecodable(name: str, error: UnicodeDecodeError, is_given: bool) -> EncodingMismatch | FileDamaged:
    found = error.object[error.start : error.end].hex(" ")
    if is_given:
        return EncodingMismatch(
            f"The file is not {name}: byte {found} is not of it.",
            hint="Give the right `encoding`, or leave it out.",
        )
    return FileDamaged(
        f"The file is {name} and ends inside a character, with byte {found}, or one is damaged.",
        hint="Upload the whole file, or give its `encoding`.",
    )
