"""Patterns of texts: RE2's dialect, in which no pattern takes longer than the text is long. Pure.

Files are matched by Arrow, written records by RE2's own wheel: the same library, so the same texts fit.
"""

from collections.abc import Callable
from functools import lru_cache

MAX_KEPT = 1000


def anchored(pattern: str) -> str:
    """The expression that a text fits when all of it fits `pattern`."""
    return f"^(?:{pattern})$"


@lru_cache(MAX_KEPT)
def matcher(pattern: str) -> Callable[[str], bool]:
    """A test of whether the whole of a text matches the pattern.

    Raises:
        ValueError: it is not a pattern of RE2; the message says why.
    """
    import re2  # noqa: PLC0415  # a tenth of a cold start that few datasets need

    options = re2.Options()
    options.log_errors = False
    try:
        # By itself first: a pattern that closes a parenthesis it did not open would fit once it is wrapped.
        re2.compile(pattern, options)
        search = re2.compile(anchored(pattern), options).search
    except re2.error as error:
        reason = error.args[0]
        raise ValueError(reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)) from None
    return lambda text: search(text) is not None
