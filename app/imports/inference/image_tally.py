"""Image tally: how many of a column's values are names of images.

Pure: no I/O.
"""

from collections.abc import Callable

import pyarrow as pa

from app.imports.inference.tally import Tally
from app.imports.values.image_names import ImageNames

# Of so many values one may name no image, and the column is one of images all the same: that value is rejected.
IMAGE_SHARE = 20


class ImageTally:
    """The values that are names of `known` images, counted until there are too many others."""

    def __init__(self, known: ImageNames | None) -> None:
        self._known = known
        self._tally = Tally()
        self._tally.is_open = bool(known)

    @property
    def is_open(self) -> bool:
        return self._tally.is_open

    def update(self, array: pa.Array, line_of: Callable[[int], int]) -> None:
        """Count further values."""
        if self._known is not None and self.is_open:
            self._tally.add(array, self._known.misfits(array.view(pa.string())), line_of)

    @property
    def found(self) -> tuple[int, int]:
        """How many values are names of images, and of how many; none if most are not."""
        return (self._tally.fits, self._tally.seen) if self.is_open else (0, 0)

    @property
    def are_nearly_all(self) -> bool:
        """Return whether the column is one of images."""
        found, among = self.found
        return found > 0 and found * IMAGE_SHARE >= among * (IMAGE_SHARE - 1)

    @property
    def evidence(self) -> str:
        """The reason that the column is one of images."""
        assert self._known is not None
        found, among = self.found
        return f"{found:,} of {among:,} are {self._known.what}"
