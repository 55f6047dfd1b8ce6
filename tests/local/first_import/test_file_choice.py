import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from app.local.first_import.file_choice import FileChoice, Mode
from app.local.terminal import Terminal

FAILED: dict[str, Any] = {
    "status": "failed",
    "result": None,
    "problem": {"detail": "The file lacks columns."},
    "rejections": [],
    "progress": {"rows_rejected": 0},
}


class Answering(Terminal):
    """A terminal at which somebody gives an answer; None: nobody is there."""

    def __init__(self, answer: str | None) -> None:
        self.answer = answer

    def can_ask(self) -> bool:
        return self.answer is not None

    def ask(self, console: Console, question: str, watch: Callable[[Callable[[], bool]], None]) -> str:
        console.print(question, markup=False)
        return self.answer or ""


def _dry_run(added: int = 0, changed: int = 0, unchanged: int = 0) -> dict[str, Any]:
    return {"status": "succeeded", "result": {"added": added, "changed": changed, "unchanged": unchanged}}


class Choosing:
    """A file for a dataset of ten records, and what is said of it."""

    def __init__(self, answer: str | None = None, *, key: bool = True, is_edited: bool = True) -> None:
        self._output = io.StringIO()
        console = Console(file=self._output, width=1000)
        dataset = {"name": "things", "key": ["a"] if key else []}
        terminal = Answering(answer)
        self.choice = FileChoice(Path("my file.csv"), dataset, 10, is_edited, console, terminal, lambda _: None)

    @property
    def said(self) -> str:
        return self._output.getvalue()


class TestDecide:
    def test_rows_that_only_add_are_added_without_a_question(self) -> None:
        choosing = Choosing()
        assert choosing.choice.decide(_dry_run(added=2, unchanged=10)) == "add"
        assert "has changed since it was imported" in choosing.said

    @pytest.mark.parametrize(
        ("answer", "key", "mode"),
        [
            ("yes", True, "upsert"),
            ("r", True, "replace"),
            ("no", True, None),
            ("", True, None),
            (None, True, None),
            ("y", False, "replace"),
            ("n", False, None),
        ],
    )
    def test_what_may_lose_a_record_is_asked(self, answer: str | None, key: bool, mode: Mode | None) -> None:
        choosing = Choosing(answer, key=key)
        assert choosing.choice.decide(_dry_run(added=2, changed=1)) == mode
        assert ("Nothing was imported" in choosing.said) == (mode is None)

    def test_the_ways_out_can_be_pasted(self) -> None:
        choosing = Choosing(key=False, is_edited=False)
        choosing.choice.decide(_dry_run(added=2))
        assert "did not come from my file.csv" in choosing.said
        assert "`tolva dev 'my file.csv' --replace`" in choosing.said
        assert "tolva import 'my file.csv' --dataset things --mode append" in choosing.said

    def test_a_file_that_cannot_be_taken_is_said(self) -> None:
        choosing = Choosing("yes")
        assert choosing.choice.decide(FAILED) is None
        assert "The file lacks columns." in choosing.said
        assert "--mode replace --infer-again" in choosing.said


class TestCarryOut:
    def test_replacing_says_how_many_go(self) -> None:
        choosing = Choosing()
        assert choosing.choice.carry_out("replace", _dry_run(added=2, unchanged=4)) == "replace"
        assert "Replacing the 10 records of 'things', 6 of them not in the file" in choosing.said

    def test_without_a_key_nothing_can_be_updated(self) -> None:
        choosing = Choosing(key=False)
        assert choosing.choice.carry_out("upsert", _dry_run(added=2)) is None
        assert "has no key" in choosing.said
        assert Choosing().choice.carry_out("upsert", FAILED) == "upsert"


class TestHoldsAll:
    @pytest.mark.parametrize(
        ("dry_run", "key", "holds"),
        [
            (_dry_run(unchanged=10), True, True),
            (_dry_run(unchanged=9), True, True),
            (_dry_run(unchanged=10, added=1), True, False),
            (_dry_run(unchanged=9, changed=1), True, False),
            (_dry_run(unchanged=10), False, False),
            (FAILED, True, False),
        ],
    )
    def test_whether_there_is_anything_to_do(self, dry_run: dict[str, Any], key: bool, holds: bool) -> None:
        assert Choosing(key=key).choice.holds_all(dry_run) is holds

    def test_what_only_the_dataset_has_is_said(self) -> None:
        choosing = Choosing()
        choosing.choice.holds_all(_dry_run(unchanged=9))
        assert "already, and 1 record that is not in it: nothing to do" in choosing.said
