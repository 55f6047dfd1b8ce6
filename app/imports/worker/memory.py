"""Memory: given back to the system once an import is done, as its worker lives on."""

import ctypes
import sys
from functools import cache
from typing import Any

import pyarrow as pa

# Of glibc's mallopt: how many arenas threads have, from what size on a block is the system's own, and how much free
# memory is kept at the end of an arena.
_ARENA_MAX, _MMAP_THRESHOLD, _TRIM_THRESHOLD = -8, -3, -1
ARENAS = 2
MMAP_BYTES = 4 * 1024 * 1024
# As glibc itself relates the two, unless one of them is set: then it gives back 128 KB, and gets them again at once.
TRIM_BYTES = 2 * MMAP_BYTES


@cache
def _libc() -> Any:
    """The C library if it is glibc, which keeps freed memory; None elsewhere."""
    library = ctypes.CDLL(None) if sys.platform == "linux" else None
    return library if hasattr(library, "malloc_trim") else None


def limit_arenas() -> None:
    """Let threads share their memory: each has an arena of its own otherwise, and leaves it half empty."""
    if (libc := _libc()) is not None:
        libc.mallopt(_ARENA_MAX, ARENAS)
        libc.mallopt(_MMAP_THRESHOLD, MMAP_BYTES)
        libc.mallopt(_TRIM_THRESHOLD, TRIM_BYTES)


def give_back() -> None:
    """Return to the system what is not in use."""
    pa.default_memory_pool().release_unused()
    if (libc := _libc()) is not None:
        libc.malloc_trim(0)
