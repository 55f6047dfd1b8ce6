import pytest

from app.columns.column import Column
from app.records.documents import Fault
from app.records.errors import RecordInvalid, ValueTaken
from app.records.etag import Preconditions
from app.records.results import (
    MAX_FAULTS_SHOWN,
    MAX_SHOWN,
    Refused,
    explain_reference,
    explain_state,
    name_record,
    not_found,
    refuse_faults,
)

COLUMNS = [Column(name="region", type="text"), Column(name="year", type="integer")]


class TestRefused:
    def test_the_first_fault_is_said_and_the_others_are_counted(self) -> None:
        faults = [Fault("a", "x", f"wrong {number}", number) for number in range(1200)]
        problem = Refused(ValueTaken, faults, "Try again.").problem()
        assert problem.detail.endswith(" And 1,199 more.")
        assert problem.hint == "Try again."
        assert problem.errors is not None
        assert len(problem.errors) == MAX_FAULTS_SHOWN

    def test_one_record_has_no_place(self) -> None:
        refused = Refused(ValueTaken, [Fault("a", "x", "wrong", 0)])
        assert refused.problem().detail == "Record 0: a: wrong."
        assert refused.of_one().problem().detail == "a: wrong."

    def test_if_nothing_is_wrong_nothing_is_refused(self) -> None:
        refuse_faults("things", [])
        with pytest.raises(RecordInvalid) as raised:
            refuse_faults("things", [Fault("a", "x", "wrong")])
        assert raised.value.hint == "GET /datasets/things shows what its columns take."


class TestExplainReference:
    def test_a_dataset_that_the_caller_may_not_read_has_no_name(self) -> None:
        assert explain_reference("makers", ["acme"], "products").detail == (
            "A record of 'products' refers to the record 'acme' of 'makers'."
        )
        assert explain_reference("makers", ["a", 1], None).detail == (
            "A record of another dataset refers to the record 'a,1' of 'makers'."
        )


class TestNames:
    def test_a_record_is_named_by_its_key(self) -> None:
        assert name_record(COLUMNS, ["north", 2024]) == "region north, year 2024"
        assert len(name_record(COLUMNS[:1], ["x" * 1000])) == MAX_SHOWN

    def test_so_is_one_that_is_not_there(self) -> None:
        assert (
            not_found("sales", COLUMNS, ["north", 2024]).detail == "'sales' has no record with region north, year 2024."
        )


class TestExplainState:
    @pytest.mark.parametrize(
        ("conditions", "is_there", "creates", "part"),
        [
            (Preconditions(absent=True), True, True, "has a record with k already"),
            (Preconditions(digests=("x",)), True, False, "is not as it was when its ETag was given"),
            (Preconditions(exists=True), False, True, "that could be replaced"),
            (Preconditions(exists=True), False, False, None),
            (Preconditions(absent=True), False, True, None),
            (Preconditions(), True, True, None),
        ],
    )
    def test_which_condition_does_not_hold(
        self, conditions: Preconditions, is_there: bool, creates: bool, part: str | None
    ) -> None:
        problem = explain_state("d", "k", conditions, is_there=is_there, creates=creates)
        assert (problem is None) == (part is None)
        assert part is None or (problem is not None and part in problem.detail)
