"""Census: what a file's bytes, all of them counted, say of an encoding that nothing else tells.

Pure: no I/O.
"""

import codecs
import re

import numpy as np

# As ÿ or ý a byte is rare, and five bytes are undefined in cp1252.
_ODD = [0x81, 0x8D, 0x8F, 0x90, 0x9D, 0xFD, 0xFE, 0xFF]
# Signs that stand between two letters: apostrophes, dashes, a middle dot, ordinals, a degree, a cross, spaces.
JOINING = b"\x91\x92\x96\x97\xb7\xaa\xba\xb0\xd7\xa0\xad".decode("cp1252")
# Those that follow a word: quotes, trade marks, small digits, the euro. Others come before one, or alone.
ENDING = b"\x93\x94\xab\xbb\x85\x99\xae\xa9\xb1\xb2\xb3\xb9\x80\x86".decode("cp1252")
_NONE, _LOWER, _UPPER, _SIGN, _END, _HIGH = 0, 1, 2, 4, 8, 16
_LETTER = _LOWER | _UPPER
# In Western writing few of the letters that are not ASCII stand between two others, in all other writing many do; and
# signs inside words are as rare.
MAX_SURROUNDED, MAX_MISPLACED, MAX_ODD = 0.25, 0.05, 0.02
# So many characters of UTF-8, for each byte that is of none, are chance in cp1252, and in any other encoding.
CHANCE_IN_CP1252, CHANCE = 0.1, 0.4
# Half a surrogate pair, as programs write it that take UTF-16 for text: a character of UTF-8 but for its value.
_HALF_PAIR = re.compile(rb"\xed[\xa0-\xbf][\x80-\xbf]")
# So much of a file's text that is not ASCII is kept for a guess, in whole lines.
EXCERPT_BYTES = 64 * 1024


def _class_of(byte: int) -> int:
    """The class of a byte in cp1252."""
    character = bytes([byte]).decode("cp1252", "replace")
    if character.isalpha() and character not in JOINING + "\u0192\u00b5":
        kind = _UPPER if character.isupper() else _LOWER
    elif character.isascii() or character in JOINING:
        kind = _NONE
    else:
        kind = _END if character in ENDING else _SIGN
    return kind if byte < 0x80 else kind | _HIGH


_CLASSES = np.array([_class_of(byte) for byte in range(256)], np.uint8)


class Census:
    """Counts a file's bytes, those that are part of a character of UTF-8, and those at odd places for cp1252."""

    def __init__(self) -> None:
        self._counts = np.zeros(256, np.int64)
        self._characters = self._in_characters = 0
        self._misplaced = self._surrounded = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("ignore")
        # The last bytes of the block before: a byte is judged by both of its neighbours.
        self._before = b"\n"
        self.excerpt = b""

    def take(self, data: bytes) -> None:
        """Count the next bytes."""
        text = self._decoder.decode(data)
        both, self._before = self._before + data, (self._before + data)[-2:]
        if both.isascii():
            return
        self._counts += np.bincount(np.frombuffer(data, np.uint8), minlength=256)
        encoded = np.frombuffer(text.encode(), np.uint8)
        high = int(np.count_nonzero(encoded >= 0x80))
        self._in_characters += high
        self._characters += len(text) - (len(encoded) - high)
        self._take_neighbours(both)
        self._keep_excerpt(data)

    def _take_neighbours(self, data: bytes) -> None:
        halves = len(_HALF_PAIR.findall(data))
        self._in_characters += 3 * halves
        self._characters += halves
        classes = _CLASSES[np.frombuffer(data, np.uint8)]
        before, own, behind = classes[:-2], classes[1:-1], classes[2:]
        behind_letter = before & _LETTER != 0
        sign = behind_letter & ((own & _SIGN != 0) | ((own & _END != 0) & (behind & _LETTER != 0)))
        capital = (own == _UPPER | _HIGH) & (before & _LOWER != 0)
        self._misplaced += int(np.count_nonzero(sign | capital))
        self._surrounded += int(np.count_nonzero(before & own & behind & _HIGH))

    @property
    def is_utf8(self) -> bool:
        """Return whether the file is UTF-8 except for some bytes: most non-ASCII bytes are its characters."""
        return self._stray <= self._characters

    @property
    def speaks_for_cp1252(self) -> bool:
        """Return whether the bytes make sense as cp1252, and rarely as UTF-8."""
        high = int(self._counts[0x80:].sum())
        return (
            not self.is_utf8
            and self._characters <= CHANCE_IN_CP1252 * self._stray
            and self._counts[_ODD].sum() <= MAX_ODD * self._stray
            and self._surrounded <= MAX_SURROUNDED * high
            and self._misplaced <= MAX_MISPLACED * high
        )

    @property
    def is_mixed(self) -> bool:
        """Return whether part of the file is UTF-8, and not by chance."""
        return self._characters > CHANCE * self._stray

    @property
    def _stray(self) -> int:
        return int(self._counts[0x80:].sum()) - self._in_characters

    def _keep_excerpt(self, data: bytes) -> None:
        """Keep the first lines that are not ASCII; part of one only if there is no other."""
        kept, size, end = [self.excerpt], len(self.excerpt), 0
        # Each of these is in a line that is kept, or begins one.
        places = np.flatnonzero(np.frombuffer(data, np.uint8) >= 0x80)[: 2 * EXCERPT_BYTES]
        for place in places.tolist():
            if size >= EXCERPT_BYTES:
                break
            if place < end:
                continue
            start = data.rfind(b"\n", end, place) + 1 or end
            stop = data.find(b"\n", place, start + EXCERPT_BYTES) + 1
            if not stop and size:
                break
            end = stop or start + EXCERPT_BYTES
            kept.append(data[start:end])
            size += len(kept[-1])
        self.excerpt = b"".join(kept)
