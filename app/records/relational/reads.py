"""Records are read from PostgreSQL."""

import json
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from asyncpg import NumericValueOutOfRangeError, QueryCanceledError, Record

from app.core.database.sql import Statement
from app.core.errors import StatementTimedOut
from app.core.settings import get_settings
from app.records.errors import ExportTooLarge, ResultOutOfRange
from app.records.query.aggregate_query import AggregateQuery
from app.records.query.record_query import Embedded, RecordQuery, RecordView, may_take_long, unserved
from app.records.relational import select
from app.records.relational.groups import select_results
from app.records.request import RecordsRequest
from app.records.results import RecordPage, not_found


async def list_page(request: RecordsRequest, query: RecordQuery, embedded: Embedded) -> RecordPage:
    """A page of the records of a query, with their number if it asks for that.

    Raises:
        StatementTimedOut: it takes too long; the hint says what no index serves.
        SlowReadsBusy: as many of those that may take long are running.
    """
    if not request.schema.columns:
        return RecordPage([], count=0 if query.count != "none" else None)
    started = time.perf_counter()
    limit = query.limit or get_settings().max_page_size
    rows: list[Record] = []
    for segment in select.segments(query):
        statement = select.select_page(request.schema, query, segment, limit + 1 - len(rows), embedded)
        rows += await _fetch_page(request, statement, query)
        if len(rows) > limit:
            break
    page = RecordPage([row[0] for row in rows[:limit]], _place(rows[limit - 1], query) if len(rows) > limit else None)
    count = await _count(request, query, page) if query.count != "none" else None
    return replace(page, count=count, seconds=time.perf_counter() - started)


async def _fetch_page(request: RecordsRequest, statement: Statement, query: RecordQuery) -> list[Record]:
    try:
        return await request.fetch(statement, may_take_long=may_take_long(request.schema, query))
    except QueryCanceledError:
        if parts := unserved(request.schema, query):
            raise _timed_out(f"No index serves {' and '.join(parts)}: add one, or filter further.") from None
        raise


def _place(row: Record, query: RecordQuery) -> list[Any]:
    if not select.shows_position(query):
        place: list[Any] = json.loads(row[1])
        return place
    record = json.loads(row[0])
    return [record[term.column.name] for term in query.sort]


async def _count(request: RecordsRequest, query: RecordQuery, page: RecordPage) -> int:
    """Count the records of a query in all pages; without a statement if the current page has all of them."""
    if query.position is None and page.last is None:
        return len(page.records)
    if query.count == "exact":
        return await _count_exactly(request, query)
    return max(await _estimate(request, query), len(page.records))


async def _count_exactly(request: RecordsRequest, query: RecordQuery, most: int | None = None) -> int:
    try:
        counted = await request.fetch(select.count_records(request.schema, query, most), may_take_long=True)
        return int(counted[0][0])
    except QueryCanceledError:
        raise _timed_out("Ask for _count=estimated, or filter further.") from None


async def _estimate(request: RecordsRequest, query: RecordQuery) -> int:
    ((plan,),) = await request.explain(select.estimate_records(request.schema, query))
    return int(plan[0]["Plan"]["Plan Rows"])


def _timed_out(hint: str) -> StatementTimedOut:
    return StatementTimedOut(
        f"The query was stopped after {get_settings().statement_timeout_seconds:g} seconds.", hint=hint
    )


async def check_export(request: RecordsRequest, query: RecordQuery) -> None:
    """Raise ExportTooLarge if a query has more records than an export may have.

    They are counted only if the planner expects that many, and no further than that. An export that turns out larger
    than expected breaks off.
    """
    most = get_settings().max_export_records
    if query.limit is not None or 2 * await _estimate(request, query) < most:
        return
    if await _count_exactly(request, query, most + 1) > most:
        raise ExportTooLarge(
            f"There are more than {most:,} records, the most that an export may have.",
            hint="Filter them, say how many with _limit, or follow the pages. (TOLVA_MAX_EXPORT_RECORDS)",
        )


async def compute(request: RecordsRequest, query: AggregateQuery) -> RecordPage:
    """A page of the results of an aggregate query.

    Raises:
        ResultOutOfRange: a sum of numbers is too large for one.
    """
    if not request.schema.columns:
        return RecordPage(['{"count":0}'])
    limit = query.limit or get_settings().max_page_size
    try:
        rows = await request.fetch(select_results(request.schema, query, limit + 1), may_take_long=True)
    except NumericValueOutOfRangeError:
        raise ResultOutOfRange from None
    last = json.loads(rows[limit - 1][1]) if len(rows) > limit else None
    return RecordPage([row[0] for row in rows[:limit]], last)


async def check_results_export(request: RecordsRequest) -> None:
    """Do nothing: results can be exported here."""


async def get_record(request: RecordsRequest, key: Sequence[Any]) -> str:
    """The record with this key as a JSON text; `key` holds the values as `Column.parse` gives them.

    Raises:
        RecordNotFound: the record does not exist.
    """
    schema = request.schema
    statement = Statement(select.select_record(schema), _texts(key))
    rows = await request.fetch(statement) if schema.columns else []
    if not rows:
        raise not_found(schema.name, schema.key, key)
    return str(rows[0][0])


async def get_view(
    request: RecordsRequest, key: Sequence[Any], view: RecordView, embedded: Embedded
) -> tuple[str, str]:
    """A view of the record with this key as a JSON text, and the MD5 of the whole record's.

    Raises:
        RecordNotFound: the record does not exist.
    """
    schema = request.schema
    rows = await request.fetch(Statement(select.select_view(schema, view, embedded), _texts(key)))
    if not rows:
        raise not_found(schema.name, schema.key, key)
    return rows[0][0], rows[0][1]


async def get_many(request: RecordsRequest, keys: Sequence[Sequence[Any]]) -> list[str | None]:
    """The records with these keys as JSON texts, in their order, None for each that there is not."""
    if not request.schema.columns or not keys:
        return [None for _ in keys]
    return [row[0] for row in await request.fetch(select.select_many(request.schema, [_texts(key) for key in keys]))]


def _texts(key: Sequence[Any]) -> tuple[str, ...]:
    return tuple(str(value) for value in key)
