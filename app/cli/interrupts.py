"""Signals that end a command as Ctrl-C does, so that what it began is cancelled."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from app.cli import exit_codes
from app.cli.display.output import fail


@contextmanager
def interruptible() -> Iterator[None]:
    """Let SIGTERM and SIGHUP raise KeyboardInterrupt, which ends the command with its own exit code."""

    def interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    # Windows has no SIGHUP.
    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {number: signal.signal(number, interrupt) for number in numbers}
    try:
        yield
    except KeyboardInterrupt:
        fail("Interrupted.", exit_codes.INTERRUPTED)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
