"""Queries of a dataset's records, from a query string or a JSON body: both become the same `RecordQuery`. Pure.

Everything that can be refused is refused here, before a connection is used.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Literal, cast

from app.columns.column import Column
from app.core.errors import CursorInvalid, did_you_mean
from app.core.http.cursors import decode_cursor, encode_cursor
from app.datasets.schema import DatasetSchema
from app.records.query.contradictions import refuse_contradictions
from app.records.query.filters import (
    AllOf,
    AnyOf,
    Condition,
    Filter,
    Not,
    WhereReader,
    canonical,
    conditions_of,
    list_columns,
    no_column,
)
from app.records.query.hints.idioms import explain_member, explain_selection, translate_sort
from app.records.query.hints.operator_idioms import find_column
from app.records.query.limits import Limits
from app.records.query.operands import SHOWN_LENGTH, QueryError, check_characters, comparable, shown
from app.records.query.operators import operator_of
from app.records.query.parameters import QueryOptions, raise_as_problem, read_address

Count = Literal["none", "exact", "estimated"]
# A page as JSON, or all records as one of the two formats of an export.
Form = Literal["page", "csv", "ndjson"]

DEFAULT_LIMIT = 50
# The operators for which an index can be read instead of the records.
MAX_WARNINGS = 10
COUNTS = ("none", "exact", "estimated")
# The members of a list other than conditions: in a query string with a `_` before it, in a body as it is.
MEMBERS = ("select", "sort", "limit", "cursor", "count", "q", "embed", "spreadsheet")
# The schemas of the datasets that are embedded, by the column that refers to them.
Embedded = Mapping[str, DatasetSchema]


@dataclass(frozen=True)
class SortTerm:
    """A column that a list is sorted by; if it is `nullable`, the records without a value come last."""

    column: Column
    descending: bool
    nullable: bool

    @property
    def name(self) -> str:
        """As in `_sort`: `-price` if it is descending."""
        return f"-{self.column.name}" if self.descending else self.column.name


@dataclass(frozen=True)
class RecordView:
    """A view of a record: some of its columns, and the embedded records that some of them reference."""

    select: tuple[Column, ...]
    embed: tuple[Column, ...] = ()


@dataclass(frozen=True)
class RecordQuery:
    """A list of records: filter, sort, view and position.

    `sort` ends with the key or another unique column, so that no two records have the same position. `position` holds
    the sort's values, as texts, of the record after which the list continues. `limit` is None for all of them, which
    only an export may ask for.
    """

    where: AllOf
    search: str | None
    view: RecordView
    sort: tuple[SortTerm, ...]
    limit: int | None = DEFAULT_LIMIT
    position: tuple[str | None, ...] | None = None
    count: Count = "none"
    spreadsheet: bool = False


def query_from_address(schema: DatasetSchema, raw: bytes, limits: Limits, form: Form = "page") -> RecordQuery:
    """Parse a query string.

    Raises:
        UnknownParameter, ParameterInvalid, ParameterRepeated, QueryTooLarge, QueryContradictory, CursorInvalid: it
            cannot be run, for the reason that the problem names.
    """
    where, asked = read_address(schema, raw, MEMBERS, limits)
    with raise_as_problem("query"):
        return _plan(schema, where, asked, limits, form)


def query_from_body(schema: DatasetSchema, document: Any, limits: Limits, form: Form = "page") -> RecordQuery:
    """The query that a JSON body asks for.

    Raises:
        QueryInvalid, QueryTooLarge, QueryContradictory, CursorInvalid: as `query_from_address` raises.
    """
    with raise_as_problem("body"):
        if not isinstance(document, dict):
            raise QueryError("body", 'it takes an object, for example {"where": {"price": {"gte": 10}}}')
        known = ("where", *MEMBERS)
        for name in document:
            if name not in known:
                raise _no_member(schema, name, known)
        where = WhereReader(schema, limits).read(document.get("where", {}), "where")
        return _plan(schema, where, QueryOptions("", document), limits, form)


def _no_member(schema: DatasetSchema, name: str, known: Sequence[str]) -> QueryError:
    meant, hint = explain_member(schema.columns, known, name)
    near = f" Did you mean '{meant}'?" if meant else did_you_mean(name[:SHOWN_LENGTH], known)
    return QueryError(shown(name), f"there is no such member.{near}", hint=hint)


def view_from_address(schema: DatasetSchema, raw: bytes, limits: Limits) -> RecordView:
    """Parse `_select` and `_embed` of one record; see `query_from_address`."""
    _, asked = read_address(schema, raw, ("select", "embed"), limits, takes_conditions=False)
    with raise_as_problem("query"):
        return _view(schema, asked)


def _plan(schema: DatasetSchema, where: AllOf, asked: QueryOptions, limits: Limits, form: Form) -> RecordQuery:
    _check_contradictions(where)
    check_form(asked, form)
    most = limits.page_size if form == "page" else limits.export_records
    search = read_search(schema, asked, limits)
    sort = _sort(schema, asked, limits)
    cursor = asked.text("cursor")
    query = RecordQuery(
        where=where,
        search=search,
        view=_view(schema, asked),
        sort=sort,
        limit=asked.limit(most, DEFAULT_LIMIT if form == "page" else None),
        count=cast("Count", asked.choice("count", COUNTS) or "none"),
        spreadsheet=asked.flag("spreadsheet"),
    )
    return query if cursor is None else replace(query, position=_position(schema, query, cursor))


def check_form(asked: QueryOptions, form: Form) -> None:
    """Raise a QueryError if a query has a member that its form does not have; empty members do no harm."""
    counts = asked.choice("count", COUNTS) not in (None, "none")
    for name, is_asked in (("cursor", asked.text("cursor") is not None), ("count", counts)):
        if form != "page" and is_asked:
            hint = "Leave it out; Accept: application/json has pages and counts."
            raise QueryError(asked.place(name), "an export has all records, and no pages", hint=hint)
    if form != "csv" and asked.flag("spreadsheet"):
        hint = "Send the header Accept: text/csv with it."
        raise QueryError(asked.place("spreadsheet"), "only text/csv is for spreadsheets", hint=hint)


def _check_contradictions(part: Filter) -> None:
    match part:
        case AllOf():
            refuse_contradictions(part.conditions)
            for inner in part.parts:
                _check_contradictions(inner)
        case AnyOf():
            for inner in part.parts:
                _check_contradictions(inner)
        case Not():
            _check_contradictions(part.part)


def read_search(schema: DatasetSchema, asked: QueryOptions, limits: Limits) -> str | None:
    """The words to search for.

    Raises:
        QueryError: there are no words, or nothing to search in.
    """
    words = asked.text("q")
    if words is None:
        return None
    place = asked.place("q")
    limits.check_text(len(words), place)
    check_characters(words, place)
    if not words.strip():
        raise QueryError(place, "it is empty", hint="Leave it out to have all records.")
    if not schema.has_texts:
        raise QueryError(place, f"'{schema.name}' has no column of texts to search in", hint="Filter by its columns.")
    return words


def _view(schema: DatasetSchema, asked: QueryOptions) -> RecordView:
    names = asked.names("select")
    if names == []:
        raise QueryError(asked.place("select"), "it names no column", hint="Leave it out to have all columns.")
    select = schema.columns if names is None else [_selected(schema, name, asked.place("select")) for name in names]
    return RecordView(tuple(select), tuple(_embeddable(schema, name, asked) for name in asked.names("embed") or ()))


def _known(schema: DatasetSchema, name: str, place: str, hint: str | None = None) -> Column:
    column = schema.by_name.get(name)
    if column is None:
        raise QueryError(place, no_column(name, schema.columns), hint=hint or list_columns(schema.columns))
    return column


def _selected(schema: DatasetSchema, name: str, place: str) -> Column:
    return _known(schema, name, place, None if name in schema.by_name else explain_selection(schema, name))


def _sorted_by(schema: DatasetSchema, name: str, names: Sequence[str], asked: QueryOptions) -> Column:
    """The column that a member of a sort, one of `names`, names."""
    plain = name.removeprefix("-")
    if plain in schema.by_name:
        return schema.by_name[plain]
    place = asked.place("sort")
    sort = translate_sort(schema.columns, ",".join(names))
    hint = list_columns(schema.columns)
    if sort is not None:
        example = f"_sort={sort}" if asked.prefix else f'"sort": {json.dumps(sort.split(","))}'
        hint = f"Write it as {example}; a - before a column sorts it in descending order."
        if find_column(schema.columns, plain) is None:
            raise QueryError(place, f"there is no column '{shown(plain)}'", hint=hint)
    return _known(schema, plain, place, hint)


def _embeddable(schema: DatasetSchema, name: str, asked: QueryOptions) -> Column:
    place = asked.place("embed")
    hint = f"Columns that can be embedded: {', '.join(schema.references) or 'none'}."
    column = _known(schema, name, place, hint)
    if column.references is None:
        raise QueryError(place, f"'{name}' references no dataset", hint=hint)
    return column


def _sort(schema: DatasetSchema, asked: QueryOptions, limits: Limits) -> tuple[SortTerm, ...]:
    names = asked.names("sort") or []
    place = asked.place("sort")
    limits.check_terms(len(names), "columns to sort by")
    terms = [_term(_sorted_by(schema, name, names, asked), name.startswith("-")) for name in names]
    for term in terms:
        if not term.column.kind.can_be_sorted:
            hint = (
                f"These have one: {', '.join(column.name for column in schema.columns if column.kind.can_be_sorted)}."
            )
            message = f"'{term.column.name}' is {term.column.type}, which has no order"
            raise QueryError(place, message, hint=shown(hint))
    sorted_by = [term.column.name for term in terms]
    if repeated := {name for name in sorted_by if sorted_by.count(name) > 1}:
        raise QueryError(place, f"it names '{min(repeated)}' twice")
    # In the last one's direction, so that one index, read forwards or backwards, serves both.
    descending = terms[-1].descending if terms else False
    rest = [_term(column, descending) for column in schema.key if column.name not in sorted_by]
    return _until_unique([*terms, *rest], schema)


def _until_unique(terms: Sequence[SortTerm], schema: DatasetSchema) -> tuple[SortTerm, ...]:
    """The beginning of a sort that leaves no ties; further terms order nothing."""
    missing = {column.name for column in schema.key}
    for count, term in enumerate(terms, 1):
        missing.discard(term.column.name)
        if not missing or (term.column.unique and not term.nullable):
            return tuple(terms[:count])
    return tuple(terms)


def _term(column: Column, descending: bool) -> SortTerm:
    return SortTerm(column, descending, nullable=not column.required)


def _fingerprint(schema: DatasetSchema, query: RecordQuery) -> list[Any]:
    return [str(schema.id), canonical(query.where), query.search, [term.name for term in query.sort]]


def next_cursor(schema: DatasetSchema, query: RecordQuery, position: list[Any]) -> str:
    """The cursor of the page after the record whose sort's values, as JSON shows them, are `position`."""
    return encode_cursor(position, _fingerprint(schema, query))


def _position(schema: DatasetSchema, query: RecordQuery, cursor: str) -> tuple[str | None, ...]:
    values = decode_cursor(cursor, _fingerprint(schema, query), length=len(query.sort))
    try:
        return tuple(_place(value, term.column) for value, term in zip(values, query.sort, strict=True))
    except QueryError:
        raise CursorInvalid(
            "The cursor does not fit the dataset's columns.", hint="Start from the first page."
        ) from None


def _place(value: Any, column: Column) -> str | None:
    if value is None and not column.required:
        return None
    if not isinstance(value, str | int | Decimal):
        raise QueryError("cursor", "it holds no value")
    return comparable(json.dumps(value) if isinstance(value, bool) else str(value), column, "cursor")


def warnings_of(where: Filter) -> list[str]:
    """Warnings about conditions that may not mean what the caller intended, the first few."""
    said = dict.fromkeys(warning for condition in conditions_of(where) for warning in condition.warnings)
    return list(said)[:MAX_WARNINGS]


def unserved(schema: DatasetSchema, query: RecordQuery) -> list[str]:
    """The parts of a query that no index serves, so that all records may have to be read for it."""
    if any(_is_served(schema, condition) for condition in query.where.conditions):
        return []
    if query.search is not None and schema.search_is_indexed:
        return []
    filtered = dict.fromkeys(condition.column.name for condition in conditions_of(query.where))
    leading = query.sort[0]
    return [
        *(f"the filter on '{name}'" for name in filtered),
        *(["the search"] if query.search is not None else []),
        *([f"the sort by '{leading.name}'"] if leading.column.name not in schema.indexed else []),
    ]


def may_take_long(schema: DatasetSchema, query: RecordQuery) -> bool:
    """Return whether many more records may have to be read for a page than it shows.

    It is not so if the page is a piece of an index, or if its filter names values of the key or of a unique column. An
    index over another column may still find half of all records, to be sorted.
    """
    if query.search is not None:
        return True
    conditions, leading = query.where.conditions, query.sort[0].column
    if len(conditions) == len(query.where.parts) and all(
        condition.column.name == leading.name and _is_served(schema, condition) for condition in conditions
    ):
        return leading.name not in schema.indexed
    named = {condition.column.name for condition in conditions if condition.operator in ("eq", "in")}
    is_unique = any(schema.by_name[name].unique for name in named)
    return not is_unique and not {column.name for column in schema.key} <= named


def _is_served(schema: DatasetSchema, condition: Condition) -> bool:
    is_indexed = operator_of(condition.column, condition.operator).is_indexed
    return is_indexed and condition.column.name in schema.indexed
