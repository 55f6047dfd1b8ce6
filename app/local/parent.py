"""Children that end when the process that started them is gone, however it ended."""

import os
import signal
import threading
import time

PARENT_VARIABLE = "TOLVA_PARENT_PID"
CHECK_SECONDS = 0.5
GRACE_SECONDS = 10.0


def end_with_parent() -> None:
    """From now on, ask this process to end once its parent is gone, and end it when it does not.

    The parent is the process that TOLVA_PARENT_PID names: it may have died before this was called.
    """
    parent = int(os.environ.get(PARENT_VARIABLE) or os.getppid())
    threading.Thread(target=_watch, args=(parent,), daemon=True, name="parent-watch").start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(CHECK_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    os._exit(1)
