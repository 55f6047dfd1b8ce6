"""Writes of records, above the stores: what is written is read and checked here, and here each write ends.

A store gets values and preconditions, and answers with what it wrote or with why it wrote nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from app.core.errors import Problem
from app.core.settings import get_settings
from app.datasets.schema import DatasetSchema
from app.records.deps import Address
from app.records.documents import Fault, Values, reader_of
from app.records.errors import RecordInvalid, TooManyRecords
from app.records.etag import Preconditions
from app.records.images import settle_images
from app.records.merge_patch import changes_of
from app.records.near_keys import explain_absence
from app.records.request import RecordsRequest
from app.records.results import (
    Referenced,
    Refused,
    Unmet,
    Unwritten,
    WriteResult,
    explain_reference,
    explain_state,
    name_record,
    not_found,
    refuse_faults,
)
from app.records.stores import writes_of

Written = TypeVar("Written")


@dataclass(frozen=True)
class Target:
    """The record that a write names, and what must hold of it; `creates`: it may be a new one."""

    key: Sequence[Any]
    conditions: Preconditions
    creates: bool = False


async def create_record(request: RecordsRequest, document: Any) -> WriteResult:
    """Add a record.

    Raises:
        RecordInvalid: it breaks a rule of its dataset.
        ValueTaken, ReferenceMissing: it conflicts with other records.
        DatasetBusy: an import or a change of the dataset is in its way.
        StaleSchema: it should be tried again with the current dataset.
    """
    schema = request.schema
    values, faults = reader_of(schema).read_new(document)
    refuse_faults(schema.name, [*faults, *await settle_images(request, [values])])
    return await _end(request, await writes_of(schema).insert(request, values))


async def create_records(request: RecordsRequest, documents: Sequence[Any]) -> list[str]:
    """Add all records or none; answers them in their order. It raises what `create_record` raises.

    Raises:
        TooManyRecords: there are more than the settings allow, or than the store writes at once.
    """
    schema = request.schema
    _check_count(schema, len(documents))
    reader = reader_of(schema)
    records: list[Values] = []
    faults: list[Fault] = []
    for index, document in enumerate(documents):
        values, wrong = reader.read_new(document, index)
        records.append(values)
        faults += wrong
    faults += await settle_images(request, records, is_list=True)
    refuse_faults(schema.name, sorted(faults, key=lambda fault: fault.index or 0))
    return await _end(request, await writes_of(schema).insert_many(request, records), is_list=True)


async def replace_record(
    request: RecordsRequest, address: Address, document: Any, conditions: Preconditions
) -> WriteResult:
    """Give the record with a key a value in every column, adding it if it does not exist.

    If the database numbers the records, no record is added: the caller cannot choose the number. It raises what
    `create_record` raises.

    Raises:
        RecordKeyInvalid: the key is invalid.
        RecordNotFound: it names one that the database would have numbered.
        PreconditionFailed: the conditions do not hold.
    """
    schema = request.schema
    key = address(schema.key)
    values, faults = reader_of(schema).read_whole(document, key)
    refuse_faults(schema.name, [*faults, *await settle_images(request, [values])])
    target = Target(key, conditions, creates=True)
    return await _end(request, await writes_of(schema).upsert(request, key, values, conditions), target)


async def update_record(request: RecordsRequest, address: Address, patch: Any, conditions: Preconditions) -> str:
    """Change the record at an address as a merge patch says; answers it. It raises what `create_record` raises.

    Raises:
        RecordKeyInvalid, RecordNotFound: the address names no record, or none that is there.
        PreconditionFailed: the conditions do not hold.
    """
    schema = request.schema
    key = address(schema.key)
    values, faults = reader_of(schema).read_changes(patch, key)
    refuse_faults(schema.name, [*faults, *await settle_images(request, [values])])
    changes = changes_of(schema.columns, patch, values, get_settings().max_document_bytes)
    return await _end(
        request, await writes_of(schema).update(request, key, changes, conditions), Target(key, conditions)
    )


async def delete_record(request: RecordsRequest, address: Address, conditions: Preconditions) -> None:
    """Delete the record at an address.

    Raises:
        RecordKeyInvalid, RecordNotFound: the address names no record, or none that is there.
        PreconditionFailed: the conditions do not hold.
        RecordReferenced: another record refers to it.
        DatasetBusy, StaleSchema: as `create_record` raises them.
    """
    key = address(request.schema.key)
    await _end(request, await writes_of(request.schema).delete(request, key, conditions), Target(key, conditions))


async def _end(
    request: RecordsRequest, outcome: Written | Unwritten, target: Target | None = None, *, is_list: bool = False
) -> Written:
    """End a write of any kind: the only place that sees the result of each."""
    match outcome:
        case Refused():
            raise (outcome if is_list else outcome.of_one()).problem()
        case Referenced():
            assert target is not None
            may_know = request.caller.may("read", outcome.dataset)
            raise explain_reference(request.schema.name, target.key, outcome.dataset if may_know else None)
        case Unmet():
            assert target is not None
            raise await _explain_unmet(request, target, is_there=outcome.is_there)
        case Unwritten():
            raise AssertionError(outcome)
    return outcome


async def _explain_unmet(request: RecordsRequest, target: Target, *, is_there: bool) -> Problem:
    """The problem of a write whose record is not there, or not as the request demands."""
    schema, key = request.schema, target.key
    record = name_record(schema.key, key)
    problem = explain_state(schema.name, record, target.conditions, is_there=is_there, creates=target.creates)
    if problem is not None:
        return problem
    if target.creates:
        return not_found(schema.name, schema.key, key, "POST adds records; the database numbers them.")
    return await explain_absence(request, not_found(schema.name, schema.key, key), key)


def _check_count(schema: DatasetSchema, count: int) -> None:
    """Raise RecordInvalid or TooManyRecords if one request cannot add so many records."""
    if not count:
        raise RecordInvalid("The array is empty: there is no record to add.", hint="Send at least one record.")
    most, together = get_settings().max_written_records, schema.can.max_added
    if count > min(most, together):
        limit = f"{most:,} (TOLVA_MAX_WRITTEN_RECORDS)" if most <= together else f"{together:,} to this dataset's store"
        raise TooManyRecords(
            f"There are {count:,} records; one request may add {limit}.",
            hint="Send them in several requests, or import a file.",
        )
