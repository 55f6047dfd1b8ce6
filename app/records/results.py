"""Results of reads and writes, the same for every store, and the problems of writes that did not happen. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.columns.column import Column
from app.core.errors import Problem
from app.records.documents import Fault
from app.records.errors import PreconditionFailed, RecordInvalid, RecordNotFound, RecordReferenced
from app.records.etag import Preconditions

MAX_FAULTS_SHOWN = 100
# Characters of a value.
MAX_SHOWN = 200


@dataclass(frozen=True)
class RecordPage:
    """Records as JSON texts, and if more follow, the position of the last one in the sort (JSON values)."""

    records: list[str]
    last: list[Any] | None = None
    count: int | None = None
    seconds: float = 0


@dataclass(frozen=True)
class WriteResult:
    """A record as a read shows it, and the texts of its key if it is new."""

    record: str
    new_key: list[str] | None = None


class Unwritten:
    """The result of a write that did not happen; its kinds say why."""


@dataclass(frozen=True)
class Refused(Unwritten):
    """Records that the store does not take beside what it holds: the kind of problem, and each mistake."""

    kind: type[Problem]
    faults: Sequence[Fault]
    hint: str | None = None

    def of_one(self) -> "Refused":
        """The same of a record that was not one of an array: its place says nothing."""
        return replace(self, faults=[replace(fault, index=None) for fault in self.faults])

    def problem(self) -> Problem:
        """The problem that lists the mistakes, the first of them in a sentence."""
        others = f" And {len(self.faults) - 1:,} more." if len(self.faults) > 1 else ""
        documents = [fault.document() for fault in self.faults[:MAX_FAULTS_SHOWN]]
        return self.kind(f"{self.faults[0]}{others}", hint=self.hint, errors=documents)


@dataclass(frozen=True)
class Unmet(Unwritten):
    """The record is not there, or a precondition does not hold of the one that is."""

    is_there: bool


@dataclass(frozen=True)
class Referenced(Unwritten):
    """A record of this dataset refers to the one that was to be deleted."""

    dataset: str


def name_record(columns: Sequence[Column], key: Sequence[Any]) -> str:
    """A record as messages name it: its key's columns, each with its value."""
    return ", ".join(f"{column.name} {value}"[:MAX_SHOWN] for column, value in zip(columns, key, strict=True))


def not_found(name: str, columns: Sequence[Column], key: Sequence[Any], hint: str | None = None) -> RecordNotFound:
    """The problem of a key that no record has."""
    return RecordNotFound(f"'{name}' has no record with {name_record(columns, key)}.", hint=hint)


def explain_state(
    dataset: str, record: str, conditions: Preconditions, *, is_there: bool, creates: bool
) -> PreconditionFailed | None:
    """The problem of a condition that does not hold of a record that exists, or does not; None if all hold."""
    if is_there and conditions.absent:
        return PreconditionFailed(f"'{dataset}' has a record with {record} already.")
    if is_there and conditions.digests is not None:
        return PreconditionFailed(
            f"The record of '{dataset}' with {record} is not as it was when its ETag was given.",
            hint="Get it again, and send the ETag that it has now.",
        )
    if not is_there and creates and conditions.exists:
        return PreconditionFailed(f"'{dataset}' has no record with {record} that could be replaced.")
    return None


def explain_reference(dataset: str, key: Sequence[Any], referring: str | None) -> RecordReferenced:
    """The problem of a record that cannot be deleted; None for a dataset that the caller may not know of."""
    who = "another dataset" if referring is None else f"'{referring}'"
    shown = ",".join(str(value) for value in key)
    return RecordReferenced(
        f"A record of {who} refers to the record '{shown[:MAX_SHOWN]}' of '{dataset}'.",
        hint="Change or delete what references it first.",
    )


def refuse_faults(dataset: str, faults: Sequence[Fault]) -> None:
    """Raise RecordInvalid if a record has any mistake."""
    if faults:
        raise Refused(RecordInvalid, faults, f"GET /datasets/{dataset} shows what its columns take.").problem()
