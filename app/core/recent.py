"""Values that were used last, as many as fit into a number of bytes."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Recent(Generic[Value]):
    """Keeps values by a key. One that is larger than all room is kept alone, until another one comes."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._held = 0
        self._values: OrderedDict[Hashable, tuple[Value, int]] = OrderedDict()

    def find(self, key: Hashable) -> Value | None:
        """The value of this key, which counts as used now; None if it is not kept."""
        if key not in self._values:
            return None
        self._values.move_to_end(key)
        return self._values[key][0]

    def keep(self, key: Hashable, value: Value, size: int) -> None:
        """Keep a value of `size` bytes, and drop those that have not been used for longest if they do not fit."""
        if key in self._values:
            self._held -= self._values.pop(key)[1]
        self._values[key] = (value, size)
        self._held += size
        while self._held > self._most and len(self._values) > 1:
            _, (_, freed) = self._values.popitem(last=False)
            self._held -= freed
