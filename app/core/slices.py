"""Work in slices, so that other tasks get their turn between two of them. Pure."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

Item = TypeVar("Item")


def slices(items: Sequence[Item], weight: Callable[[Item], int], most: int) -> Iterator[list[Item]]:
    """The items in lists of up to `most` in weight together; one that is heavier is alone in its list."""
    held: list[Item] = []
    left = most
    for item in items:
        if held and weight(item) > left:
            yield held
            held, left = [], most
        held.append(item)
        left -= weight(item)
    if held:
        yield held
