"""Results of reads and writes, and the problems of those that fail: the same for every store. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.columns.column import Column
from app.core.errors import Problem
from app.core.strict_json import DocumentTooLarge, JsonInvalid, parse_stored, write_json
from app.records.documents import Fault, merge
from app.records.errors import PreconditionFailed, RecordInvalid, RecordNotFound
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


def refusal(kind: type[Problem], faults: Sequence[Fault], hint: str | None = None) -> Problem:
    """The problem that tells what is wrong with the records of a request."""
    others = f" And {len(faults) - 1:,} more." if len(faults) > 1 else ""
    documents = [fault.document() for fault in faults[:MAX_FAULTS_SHOWN]]
    return kind(f"{faults[0]}{others}", hint=hint, errors=documents)


def name_record(columns: Sequence[Column], key: Sequence[Any]) -> str:
    """A record as messages name it: its key's columns, each with its value."""
    return ", ".join(f"{column.name} {value}"[:MAX_SHOWN] for column, value in zip(columns, key, strict=True))


def not_found(name: str, columns: Sequence[Column], key: Sequence[Any]) -> RecordNotFound:
    shown = ", ".join(f"{column.name} {value}" for column, value in zip(columns, key, strict=True))
    return RecordNotFound(f"'{name}' has no record with {shown}.")


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


def refuse_faults(dataset: str, faults: Sequence[Fault]) -> None:
    """Raise RecordInvalid if a record has any mistake."""
    if faults:
        raise refusal(RecordInvalid, faults, f"GET /datasets/{dataset} shows what its columns take.")


def merge_document(column: Column, text: str | None, patch: Any, most: int) -> str:
    """The JSON document of a column after a merge patch, of `most` bytes at most.

    Raises:
        RecordInvalid: it cannot be stored.
    """
    try:
        merged = merge(None if text is None else parse_stored(text), patch)
        return write_json(merged, most)
    except JsonInvalid as error:
        is_large = isinstance(error, DocumentTooLarge)
        code = "document_too_large" if is_large else "not_json"
        hint = "Remove some of it first. (TOLVA_MAX_DOCUMENT_BYTES)" if is_large else None
        fault = Fault(column.name, code, f"not a document that can be kept once it is merged: {error}")
        raise refusal(RecordInvalid, [fault], hint) from None
