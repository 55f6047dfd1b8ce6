"""The terminal of `tolva dev`, at which somebody can be asked while Tolva goes on running."""

import os
import select
import sys

from rich.console import Console

from app.local.process import Watch


class Terminal:
    """Standard input and output, if they are a terminal."""

    def can_ask(self) -> bool:
        """Return whether somebody can answer: a terminal on both sides, and this process in the foreground."""
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            return False
        try:
            # One in the background would be stopped as soon as it read.
            return os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
        except OSError:
            return False

    def ask(self, console: Console, question: str, watch: Watch) -> str:
        """The answer in lower case, nothing for the end of the input; `watch` keeps Tolva running until it is there."""
        console.print(question, end=" ", markup=False)
        watch(lambda: bool(select.select([sys.stdin], [], [], 0)[0]))
        return sys.stdin.readline().strip().lower()
