"""The stores of records: what each of them does for the routes, which know no more of a store than this."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from app.access.principal import Principal
from app.datasets.schema import DatasetSchema
from app.records.deps import Address
from app.records.etag import Preconditions
from app.records.keyvalue import reads as keyvalue
from app.records.keyvalue.writes import KeyvalueWriter
from app.records.query.aggregate_query import AggregateQuery
from app.records.query.record_query import Embedded, RecordQuery, RecordView
from app.records.relational import reads as relational
from app.records.relational.writes import Writer
from app.records.request import RecordsRequest
from app.records.results import RecordPage, WriteResult


class RecordReads(Protocol):
    """The reader of a store's records; it refuses unsupported requests with NotSupportedByStore."""

    async def get_record(self, request: RecordsRequest, key: Sequence[Any]) -> str: ...

    async def get_view(
        self, request: RecordsRequest, key: Sequence[Any], view: RecordView, embedded: Embedded
    ) -> tuple[str, str]: ...

    async def get_many(self, request: RecordsRequest, keys: Sequence[Sequence[Any]]) -> list[str | None]: ...

    async def list_page(self, request: RecordsRequest, query: RecordQuery, embedded: Embedded) -> RecordPage: ...

    async def check_export(self, request: RecordsRequest, query: RecordQuery) -> None: ...

    async def compute(self, request: RecordsRequest, query: AggregateQuery) -> RecordPage: ...

    async def check_results_export(self, request: RecordsRequest) -> None: ...


class RecordWrites(Protocol):
    """The writer of a dataset's records; see `writes.Writer`."""

    async def create(self, document: Any) -> WriteResult: ...

    async def create_many(self, documents: Sequence[Any]) -> list[str]: ...

    async def replace(self, address: Address, document: Any, conditions: Preconditions) -> WriteResult: ...

    async def update(self, address: Address, document: Any, conditions: Preconditions) -> str: ...

    async def delete(self, address: Address, conditions: Preconditions, caller: Principal, /) -> None: ...


_READS: dict[str, RecordReads] = {"relational": relational, "keyvalue": keyvalue}

_WRITERS: dict[str, Callable[[RecordsRequest], RecordWrites]] = {"relational": Writer, "keyvalue": KeyvalueWriter}


def reads_of(schema: DatasetSchema) -> RecordReads:
    """The reader for records of a dataset of this schema."""
    return _READS[schema.store]


def writes_of(request: RecordsRequest) -> RecordWrites:
    """The writer for records of a request's dataset.

    Raises:
        DatasetWithoutColumns: it has no columns yet.
    """
    return _WRITERS[request.schema.store](request)
