"""Tally: how many of a column's values a type holds, and the first that it does not.

What it says does not depend on how the values were cut into chunks.

Pure: no I/O.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from app.imports.values.cells import Mask

# A type is given up once more values misfit than these and one in twenty of all; of one and the same word, which may
# stand for a missing value, it may be one in two.
ALLOWED = 1000
ALLOWED_SHARE = 20
ALLOWED_WORD_SHARE = 2
SHOWN = 60
Places = npt.NDArray[np.intp]


class Tally:
    """The values that misfit a type, counted until there are too many; `is_open` says whether that is so."""

    def __init__(self) -> None:
        self.seen = 0
        self.misfits = 0
        self.is_open = True
        self.line = 0
        self.value = ""
        self._word = b""
        self._words = 0

    def add(self, array: pa.Array, bad: Mask | None, line_of: Callable[[int], int]) -> None:
        """Count further values, of which the mask says which misfit (None for none)."""
        if bad is not None and bad.any():
            self._add_misfits(array, np.flatnonzero(bad), line_of)
        self.seen += len(array)

    def _add_misfits(self, array: pa.Array, places: Places, line_of: Callable[[int], int]) -> None:
        if not self.misfits:
            self._word = array[int(places[0])].as_py()
            self.line, self.value = line_of(int(places[0])), show_cell(self._word)
        misfitting = array if len(places) == len(array) else array.take(pa.array(places))
        is_word = pc.equal(misfitting, pa.scalar(self._word, array.type)).to_numpy(zero_copy_only=False)
        others = places[~is_word]
        self.is_open = (
            self.is_open
            and self._may_go_on(others, self.misfits - self._words, ALLOWED_SHARE)
            and self._may_go_on(places, self.misfits, ALLOWED_WORD_SHARE)
        )
        self.misfits += len(places)
        self._words += len(places) - len(others)

    def _may_go_on(self, places: Places, before: int, share: int) -> bool:
        """Return whether at each of these misfits they were still few compared with all values up to there."""
        if before + len(places) <= ALLOWED:
            return True
        counts = before + 1 + np.arange(len(places))
        return bool(((counts - ALLOWED) * share <= self.seen + places + 1).all())

    @property
    def fits(self) -> int:
        return self.seen - self.misfits

    @property
    def word(self) -> str | None:
        """The one word that all misfits are."""
        return self.value if self.misfits and self._words == self.misfits and len(self._word) <= SHOWN else None

    def copy(self) -> "Tally":
        """One that goes on from here by itself."""
        copy = Tally()
        copy.__dict__.update(self.__dict__)
        return copy


def show_cell(value: bytes) -> str:
    """The beginning of a cell as it is shown to people."""
    return value[:SHOWN].decode("utf-8", "replace")
