from typing import Any

import pytest

from app.local.first_import.import_document import (
    describe_counts,
    describe_problem,
    describe_rejection,
    explain_failure,
)

REJECTION = {"line": 3, "column": "price", "message": "not a number"}


class TestDescribe:
    def test_counts_that_are_not_there_are_none(self) -> None:
        assert describe_counts({"added": 1200, "changed": None}) == "1,200 added, 0 changed, 0 unchanged"

    def test_a_rejection_has_its_place(self) -> None:
        assert describe_rejection(REJECTION) == "line 3, price: not a number"
        assert describe_rejection(REJECTION | {"column": None}) == "line 3: not a number"

    @pytest.mark.parametrize(
        ("problem", "lines"), [(None, []), ({"detail": "No.", "hint": None}, ["No."]), ({"hint": "So."}, ["So."])]
    )
    def test_a_problem_says_what_it_has(self, problem: dict[str, Any] | None, lines: list[str]) -> None:
        assert describe_problem({"problem": problem}) == lines


class TestExplainFailure:
    @pytest.mark.parametrize(
        ("count", "last"), [(5, "  line 3, price: not a number"), (6, "  and 1 more row"), (7, "  and 2 more rows")]
    )
    def test_the_first_rejections_are_shown(self, count: int, last: str) -> None:
        document = {
            "problem": {"detail": "No."},
            "rejections": [REJECTION] * count,
            "progress": {"rows_rejected": count},
        }
        lines = explain_failure(document).splitlines()
        assert (lines[0], lines[-1]) == ("No.", last)
