"""Exports: all records of a query in one response, by COPY, in bounded memory."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import Any

from asyncpg import DivisionByZeroError, NumericValueOutOfRangeError, PostgresError, QueryCanceledError
from starlette.responses import StreamingResponse
from starlette.types import Send

from app.core.database.bulkhead import LongRead
from app.core.database.errors import RESHAPED, problem_of
from app.core.database.pool import CLOSE_SECONDS, Pool
from app.core.database.sql import Statement
from app.core.database.statements import connection_of
from app.core.errors import StatementTimedOut
from app.core.settings import MIB, get_settings
from app.datasets.errors import DatasetSchemaChanged
from app.datasets.schema import DatasetSchema
from app.records.errors import ExportTooLarge, ResultOutOfRange
from app.records.query.aggregate_query import AggregateQuery
from app.records.query.record_query import Embedded, Form, RecordQuery
from app.records.relational import select
from app.records.relational.groups import select_result_cells, select_result_documents
from app.records.request import RecordsRequest

# Pieces of what PostgreSQL sent that wait for a client who reads more slowly.
WAITING_PIECES = 4
# The part to produce before the answer begins: a failure until then is a problem, not a response that breaks off.
HELD_BYTES = 4 * MIB
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# In JSON as PostgreSQL writes it there are no control characters: quoted with one of them, no text is ever quoted.
UNUSED_DELIMITER, UNUSED_QUOTE = "\x02", "\x01"
MEDIA_TYPES: dict[Form, str] = {"csv": "text/csv; charset=utf-8; header=present", "ndjson": "application/x-ndjson"}
_Piece = bytes | None


@dataclass(frozen=True)
class Export:
    """The source of an export: a statement, the delimiter and quote of its cells, and the text before them."""

    statement: Statement
    delimiter: str
    quote: str
    head: bytes = b""


def plan_export(schema: DatasetSchema, query: RecordQuery, form: Form, embedded: Embedded) -> Export:
    """The export of a query."""
    # One more than there may be: so it shows that there are more.
    most = query.limit or get_settings().max_export_records + 1
    if form == "ndjson":
        return Export(select.select_documents(schema, query, most, embedded), UNUSED_DELIMITER, UNUSED_QUOTE)
    head = f"{','.join(select.cell_names(query, embedded))}\n".encode()
    mark = BYTE_ORDER_MARK if query.spreadsheet else b""
    return Export(select.select_cells(schema, query, most, embedded), ",", '"', mark + head)


def plan_results_export(schema: DatasetSchema, query: AggregateQuery, form: Form) -> Export:
    """The export of an aggregate query."""
    most = query.limit or get_settings().max_export_records + 1
    if form == "ndjson":
        return Export(select_result_documents(schema, query, most), UNUSED_DELIMITER, UNUSED_QUOTE)
    head = f"{','.join(member.name for member in query.members)}\n".encode()
    return Export(
        select_result_cells(schema, query, most), ",", '"', (BYTE_ORDER_MARK if query.spreadsheet else b"") + head
    )


async def stream(export: Export, request: RecordsRequest) -> AsyncGenerator[bytes, None]:
    """An export's bytes, read from a database. Who stops reading ends the query.

    Raises:
        StatementTimedOut, ServiceUnavailable, DatasetSchemaChanged: the database gave up.
        ExportTooLarge: it has more records, or more bytes, than an export may have.
        ResultOutOfRange: a sum of numbers is too large for one.
        SlowReadsBusy: as many exports as there may be are running.
    """
    settings = get_settings()
    pieces: asyncio.Queue[_Piece] = asyncio.Queue(WAITING_PIECES)
    # A task of its own: it has time to end the query, however its reader is cancelled.
    copying = asyncio.create_task(_copy(export, request, pieces))
    copying.add_done_callback(_look_at)
    try:
        sent = len(export.head)
        yield export.head
        while (piece := await pieces.get()) is not None:
            sent += len(piece)
            if sent > settings.max_export_bytes:
                raise ExportTooLarge(
                    f"The export has more than {settings.max_export_bytes:,} bytes.",
                    hint="Select fewer columns, or filter the records. (TOLVA_MAX_EXPORT_BYTES)",
                )
            # The driver hands over a bytearray at times, which no server sends.
            yield bytes(piece)
        if await copying > settings.max_export_records:
            raise ExportTooLarge(
                f"The export has more than {settings.max_export_records:,} records.",
                hint="Filter them, or say how many with _limit. (TOLVA_MAX_EXPORT_RECORDS)",
            )
    finally:
        copying.cancel()
        # In Lambda nothing goes on once the response is there: the query, and its lock, would stay until the next one.
        await asyncio.shield(asyncio.wait({copying}, timeout=CLOSE_SECONDS))


async def _copy(export: Export, request: RecordsRequest, pieces: asyncio.Queue[_Piece]) -> int:
    """Put the records into `pieces`, and None after them; return their number."""
    try:
        statement = request.guard(export.statement, LongRead.EXPORT)
        copy = partial(_copy_records, statement, export, request.pool, pieces)
        count = await request.pool.bulkhead.run(LongRead.EXPORT, copy)
        # No record at all may also mean that the dataset is another one by now, or that the caller's key is revoked.
        if not count and not await request.is_current():
            raise _reshaped()
    except Exception:
        await pieces.put(None)
        raise
    await pieces.put(None)
    return count


async def _copy_records(statement: Statement, export: Export, pool: Pool, pieces: asyncio.Queue[_Piece]) -> int:
    timeout = get_settings().export_timeout_seconds
    async with connection_of(pool) as connection, connection.transaction():
        await connection.execute(f"SET LOCAL statement_timeout = {int(timeout * 1000)}")
        try:
            status = await connection.copy_from_query(
                statement.text,
                *statement.values,
                output=pieces.put,
                format="csv",
                delimiter=export.delimiter,
                quote=export.quote,
            )
        except QueryCanceledError:
            hint = "Filter the records, or follow the pages. (TOLVA_EXPORT_TIMEOUT_SECONDS)"
            raise StatementTimedOut(f"The export was stopped after {timeout:g} seconds.", hint=hint) from None
        except NumericValueOutOfRangeError:
            raise ResultOutOfRange from None
        except DivisionByZeroError:
            # There is no place for it; see the bulkhead.
            raise
        except (PostgresError, OSError) as error:
            if isinstance(error, PostgresError) and error.sqlstate in RESHAPED:
                raise _reshaped() from error
            problem = problem_of(error)
            if problem is None:
                raise
            raise problem from None
    return int(status.rpartition(" ")[2])


def _reshaped() -> DatasetSchemaChanged:
    return DatasetSchemaChanged("The dataset was changed or deleted while its export started.")


def _look_at(task: "asyncio.Task[Any]") -> None:
    """Log the end of a copy whose reader went away before."""
    if not task.cancelled():
        task.exception()


class ExportResponse(StreamingResponse):
    """An export on its way to a client; what fails early is raised before anything is sent."""

    def __init__(self, request: RecordsRequest, form: Form, export: Export) -> None:
        self._stream = stream(export, request)
        headers = {"Content-Disposition": f'attachment; filename="{request.schema.name}.{form}"', "Vary": "Accept"}
        super().__init__(self._stream, headers=headers, media_type=MEDIA_TYPES[form])

    async def stream_response(self, send: Send) -> None:
        async with aclosing(self._stream):
            held = bytearray()
            async for piece in self._stream:
                held += piece
                if len(held) >= HELD_BYTES:
                    break
            self.body_iterator = _joined(bytes(held), self._stream)
            await super().stream_response(send)


async def _joined(first: bytes, others: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in others:
        yield piece
