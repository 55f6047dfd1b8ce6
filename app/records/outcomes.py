"""What came of a write, and what is said of one that did not happen: the same for every store. Pure."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.core.errors import Problem
from app.core.json_text import JsonInvalid, parse_json, write_json
from app.datasets.columns import Column
from app.records.errors import PreconditionFailed, RecordInvalid
from app.records.preconditions import Preconditions
from app.records.values import Fault, merge

MOST_FAULTS_SHOWN = 100
# Characters of a value.
MOST_SHOWN = 200


@dataclass(frozen=True)
class Written:
    """A record as a read shows it, the texts of its key, and whether it is new."""

    record: str
    key: list[str]
    is_new: bool


def refusal(kind: type[Problem], faults: Sequence[Fault], hint: str | None = None) -> Problem:
    """The problem that tells what is wrong with the records of a request."""
    others = f" And {len(faults) - 1:,} more." if len(faults) > 1 else ""
    documents = [fault.document() for fault in faults[:MOST_FAULTS_SHOWN]]
    return kind(f"{faults[0]}{others}", hint=hint, errors=documents)


def written(record: str, key: Sequence[Column], *, is_new: bool) -> Written:
    """What was written, given the JSON text that shows it and the columns of its key."""
    shown = json.loads(record)
    values = (shown[column.name] for column in key)
    return Written(record, [value if isinstance(value, str) else json.dumps(value) for value in values], is_new)


def name_record(columns: Sequence[Column], key: Sequence[Any]) -> str:
    """A record as messages name it: its key's columns, each with its value."""
    return ", ".join(f"{column.name} {value}"[:MOST_SHOWN] for column, value in zip(columns, key, strict=True))


def explain_state(
    dataset: str, record: str, conditions: Preconditions, *, is_there: bool, creates: bool
) -> PreconditionFailed | None:
    """Which condition does not hold of a record that is there, or is not; None where it is no condition's doing."""
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
    """Raise RecordInvalid where there is anything wrong with what was to be written."""
    if faults:
        raise refusal(RecordInvalid, faults, f"GET /datasets/{dataset} shows what its columns take.")


def merge_document(column: Column, text: str | None, patch: Any) -> str:
    """The JSON document of a column after a merge patch.

    Raises:
        RecordInvalid: it cannot be stored.
    """
    try:
        return write_json(merge(None if text is None else parse_json(text), patch))
    except JsonInvalid as error:
        fault = Fault(column.name, "not_json", f"not a JSON document once it is merged: {error}")
        raise refusal(RecordInvalid, [fault]) from None
