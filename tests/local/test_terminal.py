import io
import os
import pty
import sys
from pathlib import Path
from typing import TextIO

import pytest
from rich.console import Console

from app.local.terminal import Terminal


class TestCanAsk:
    def test_not_without_a_terminal(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "stdin", io.StringIO("yes\n"))
        assert not Terminal().can_ask()

    def test_nor_at_one_that_is_another_processs(self, monkeypatch: pytest.MonkeyPatch) -> None:
        control, terminal = pty.openpty()
        with os.fdopen(terminal, "r+b", buffering=0) as file:
            monkeypatch.setattr(sys, "stdin", file)
            monkeypatch.setattr(sys, "stdout", file)
            assert not Terminal().can_ask()
        os.close(control)


class TestAsk:
    def _ask(self, monkeypatch: pytest.MonkeyPatch, typed: bytes) -> tuple[str, int]:
        """The answer, and how often it was looked for."""
        reading, writing = os.pipe()
        looks = []

        def watch(ready: object) -> None:
            assert callable(ready)
            while not ready():
                looks.append(1)
                if len(looks) == 3:
                    os.write(writing, typed)
                    os.close(writing)

        with os.fdopen(reading) as stdin, Path(os.devnull).open("w") as nowhere:
            monkeypatch.setattr(sys, "stdin", stdin)
            output: TextIO = nowhere
            answer = Terminal().ask(Console(file=output), "Really?", watch)
        return answer, len(looks)

    def test_tolva_goes_on_until_the_answer_is_there(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert self._ask(monkeypatch, b"  YES \n") == ("yes", 3)

    def test_the_end_of_the_input_is_no_answer(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert self._ask(monkeypatch, b"") == ("", 3)
