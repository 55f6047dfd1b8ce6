"""The statements that read records. PostgreSQL builds the JSON: one text a record. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Literal

from app.columns.column import Column
from app.core.database.names import DATA_SCHEMA, quote
from app.core.database.sql import Statement
from app.datasets.images import get_images
from app.datasets.schema import MAX_SCHEMAS, DatasetSchema
from app.datasets.tables import literal
from app.records.query.record_query import Embedded, RecordQuery, RecordView, SortTerm
from app.records.relational.where import (
    SOURCE,
    Parameters,
    behind,
    column_name,
    is_never_missing,
    json_array,
    matching,
    order,
    ordered,
)

EMBEDDED = "_embedded"
# What spreadsheets take for the beginning of a formula, in the wide form of East Asian keyboards too.
FORMULA = r"^[=+\-@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20]"

# The part of a list in which the first column of its sort has a value, and the part after it, without values.
Segment = Literal["values", "nulls"]


@lru_cache(MAX_SCHEMAS)
def select_record(schema: DatasetSchema) -> str:
    """The statement that reads the record whose key columns have the values $1, $2, …"""
    return f"{_select(schema)} WHERE {_row(schema.key)} = {_placeholders(schema.key)}"


def select_view(schema: DatasetSchema, view: RecordView, embedded: Embedded) -> str:
    """The statement that reads a view of such a record, and then the MD5 of the whole record."""
    whole = f"(SELECT md5(row_to_json(_whole)::text) FROM (SELECT {json_members(schema.columns, SOURCE)}) AS _whole)"
    return (
        f"SELECT row_to_json(_record)::text, {whole} FROM {_table(schema)}{_joins(view, embedded)}"
        f"{_record(view, embedded)} WHERE {_row(schema.key)} = {_placeholders(schema.key)}"
    )


def select_many(schema: DatasetSchema, keys: Sequence[Sequence[str]]) -> Statement:
    """The statement that reads the records with these keys, one row for each in their order, NULL for an absent one."""
    parameters = Parameters()
    texts = [list(values) for values in zip(*keys, strict=True)]
    arrays = [parameters.add(values, column.kind.sql) for column, values in zip(schema.key, texts, strict=True)]
    names = [f"key_{number}" for number in range(len(schema.key))]
    same = " AND ".join(f"{column_name(c)} = asked.{name}" for c, name in zip(schema.key, names, strict=True))
    return parameters.statement(
        f"SELECT found.record FROM unnest({', '.join(arrays)}) WITH ORDINALITY AS asked({', '.join(names)}, place) "
        f"LEFT JOIN LATERAL ({_select(schema)} WHERE {same}) AS found(record) ON true "
        "ORDER BY asked.place"
    )


def segments(query: RecordQuery) -> list[Segment]:
    """The parts of a list that are read one after the other.

    Missing values come last. If the first column of the sort may be missing, those records are a part of their own: so
    an ordinary index serves both parts, in both directions and from any position.
    """
    if query.position is not None and query.position[0] is None:
        return ["nulls"]
    return ["values"] if is_never_missing(query.sort[0].column, query.where) else ["values", "nulls"]


def select_page(
    schema: DatasetSchema, query: RecordQuery, segment: Segment, limit: int, embedded: Embedded
) -> Statement:
    """The statement that reads up to `limit` records of one part of a list.

    The JSON is built of those alone, not of all that are sorted. If the records do not show their position, each one is
    followed by the sort's values, as a JSON array.
    """
    parameters = Parameters()
    conditions = matching(schema, query.where, query.search, parameters)
    terms, position = query.sort, query.position
    leading = terms[0]
    if segment == "nulls":
        conditions.append(f"{column_name(leading.column)} IS NULL")
        terms = terms[1:]
        position = position[1:] if position is not None and position[0] is None else None
    elif leading.nullable:
        conditions.append(f"{column_name(leading.column)} IS NOT NULL")
        terms = (replace(leading, nullable=False), *terms[1:])
    if position is not None:
        conditions.append(behind(ordered(terms), position, parameters))
    view, placed = query.view, order(ordered(terms))
    needed = {c.name: column_name(c) for c in (*view.select, *view.embed, *(term.column for term in query.sort))}
    source = f"SELECT {', '.join(needed.values())} FROM {_table(schema)}{_where(conditions)}"
    place = "" if shows_position(query) else f", {_position(query.sort)}"
    return parameters.statement(
        f"SELECT row_to_json(_record)::text{place} FROM ({source} ORDER BY {placed} LIMIT {limit}) AS {SOURCE}"
        f"{_joins(view, embedded)}{_record(view, embedded)} ORDER BY {placed}"
    )


def shows_position(query: RecordQuery) -> bool:
    """Return whether a query's records have all the columns that they are sorted by, and no documents.

    A document that was stored before numbers were bounded can have more digits than Python reads.
    """
    view = query.view
    if view.embed or any(column.kind.is_document for column in view.select):
        return False
    return {term.column.name for term in query.sort} <= {column.name for column in view.select}


def _position(sort: Sequence[SortTerm]) -> str:
    return json_array(term.column.kind.json_sql.format(column_name(term.column)) for term in sort)


def select_documents(schema: DatasetSchema, query: RecordQuery, most: int, embedded: Embedded) -> Statement:
    """The statement that reads up to `most` records of a list, one JSON text each."""
    parameters = Parameters()
    record = _record(query.view, embedded)
    return parameters.statement(
        f"SELECT row_to_json(_record)::text FROM {_table(schema)}{_joins(query.view, embedded)}{record}"
        f"{_matched(schema, query, parameters)} ORDER BY {order(ordered(query.sort))} LIMIT {most}"
    )


def select_cells(schema: DatasetSchema, query: RecordQuery, most: int, embedded: Embedded) -> Statement:
    """The statement that reads up to `most` records of a list as cells, in the order of `cell_names`."""
    cells = [_cell(schema, column, SOURCE, spreadsheet=query.spreadsheet) for column in query.view.select]
    for alias, _, other in _embeddings(query.view, embedded):
        cells += [_cell(other, column, alias, spreadsheet=query.spreadsheet) for column in other.columns]
    parameters = Parameters()
    return parameters.statement(
        f"SELECT {', '.join(cells)} FROM {_table(schema)}{_joins(query.view, embedded)}"
        f"{_matched(schema, query, parameters)} ORDER BY {order(ordered(query.sort))} LIMIT {most}"
    )


def cell_names(query: RecordQuery, embedded: Embedded) -> list[str]:
    """The names of a record's cells; those of an embedded record are called as `category.name`."""
    names = [column.name for column in query.view.select]
    inner = [f"{column.name}.{c.name}" for _, column, other in _embeddings(query.view, embedded) for c in other.columns]
    return names + inner


def _cell(schema: DatasetSchema, column: Column, source: str, *, spreadsheet: bool) -> str:
    name = quote(source, column.name)
    if column.kind.is_image:
        name = get_images().cell_sql(name, literal(str(schema.id)))
    if column.kind.cell_sql is not None:
        return column.kind.cell_sql.format(name)
    if spreadsheet and column.kind.sql == "text":
        return f"regexp_replace({name}, '{FORMULA}', '''\\&')"
    return column.kind.json_sql.format(name)


def count_records(schema: DatasetSchema, query: RecordQuery, most: int | None = None) -> Statement:
    """The statement that counts the records of a list, all pages together; no further than `most` if given."""
    parameters = Parameters()
    matched = f"FROM {_table(schema)}{_matched(schema, query, parameters)}"
    counted = matched if most is None else f"FROM (SELECT 1 {matched} LIMIT {most}) AS matched"
    return parameters.statement(f"SELECT count(*) {counted}")


def estimate_records(schema: DatasetSchema, query: RecordQuery) -> Statement:
    """The statement that asks the planner how many records a list has."""
    parameters = Parameters()
    where = _matched(schema, query, parameters)
    return parameters.statement(f"EXPLAIN (FORMAT JSON) SELECT 1 FROM {_table(schema)}{where}")


def _select(schema: DatasetSchema) -> str:
    return (
        f"SELECT row_to_json(_record)::text FROM {_table(schema)} "
        f"CROSS JOIN LATERAL (SELECT {json_members(schema.columns, SOURCE)}) AS _record"
    )


def _table(schema: DatasetSchema) -> str:
    return f"{quote(DATA_SCHEMA, schema.name)} AS {SOURCE}"


def _where(conditions: Sequence[str]) -> str:
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""


def _matched(schema: DatasetSchema, query: RecordQuery, parameters: Parameters) -> str:
    return _where(matching(schema, query.where, query.search, parameters))


def json_members(columns: Sequence[Column], source: str = SOURCE) -> str:
    """The members of a record as its JSON shows them: the select list of a row of a table, by its alias."""
    return ", ".join(f"{_shown(column, quote(source, column.name))} AS {quote(column.name)}" for column in columns)


def _shown(column: Column, name: str) -> str:
    return get_images().shown_sql(name) if column.kind.is_image else column.kind.json_sql.format(name)


def _record(view: RecordView, embedded: Embedded) -> str:
    """The row `_record`, whose JSON is a record's. No column's name begins with `_`, so it means the row."""
    members = [json_members(view.select, SOURCE)]
    if view.embed:
        others = ", ".join(_other(alias, column, other) for alias, column, other in _embeddings(view, embedded))
        members.append(f"(SELECT row_to_json(_others) FROM (SELECT {others}) AS _others) AS {quote(EMBEDDED)}")
    return f" CROSS JOIN LATERAL (SELECT {', '.join(members)}) AS _record"


def _other(alias: str, column: Column, other: DatasetSchema) -> str:
    record = f"(SELECT row_to_json(_other) FROM (SELECT {json_members(other.columns, alias)}) AS _other)"
    is_there = f"{quote(alias, other.key[0].name)} IS NOT NULL"
    return f"CASE WHEN {is_there} THEN {record} END AS {quote(column.name)}"


def _joins(view: RecordView, embedded: Embedded) -> str:
    return "".join(
        f" LEFT JOIN {quote(DATA_SCHEMA, other.name)} AS {alias} "
        f"ON {quote(alias, other.key[0].name)} = {column_name(column)}"
        for alias, column, other in _embeddings(view, embedded)
    )


def _embeddings(view: RecordView, embedded: Embedded) -> Iterator[tuple[str, Column, DatasetSchema]]:
    """Each embedded column with the alias of the table it refers to and that table's schema."""
    for number, column in enumerate(view.embed, 1):
        yield f"_other_{number}", column, embedded[column.name]


def _row(columns: Sequence[Column]) -> str:
    return f"({', '.join(column_name(column) for column in columns)})"


def _placeholders(columns: Sequence[Column]) -> str:
    return f"({', '.join(f'CAST(${n}::text AS {column.sql_type})' for n, column in enumerate(columns, 1))})"
