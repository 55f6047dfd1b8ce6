"""Aggregates of a dataset's records, in groups or of all together. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.columns.column import Column
from app.columns.types.registry import TYPES
from app.core.errors import CursorInvalid, did_you_mean
from app.core.http.cursors import decode_cursor, encode_cursor
from app.datasets.schema import DatasetSchema
from app.records.query.contradictions import refuse_contradictions
from app.records.query.filters import AllOf, canonical, list_columns, no_column
from app.records.query.functions import COUNT, PERIODS, can_group, periods_of, result_type
from app.records.query.hints.idioms import ABSENT_FUNCTIONS, translate_group, translate_measure
from app.records.query.limits import Limits
from app.records.query.operands import QueryError, shown
from app.records.query.operators import SEPARATOR
from app.records.query.parameters import QueryOptions, raise_as_problem, read_address
from app.records.query.record_query import Form, check_form, read_search

MEMBERS = ("aggregate", "group", "sort", "limit", "cursor", "q", "spreadsheet")


@dataclass(frozen=True)
class Measure:
    """A function of a column; without a column, how many records there are."""

    name: str
    function: str
    column: Column | None

    @property
    def type(self) -> str:
        """The name of the result's type before JSON shows it: the mean of integers is exact until then."""
        if self.column is None:
            return "integer"
        is_exact = self.function in ("sum", "avg") and self.column.kind.json_type != "number"
        return "decimal" if is_exact else result_type(self.function, self.column)

    @property
    def nullable(self) -> bool:
        """Return whether it may be null, such as of records without a value."""
        return not self.function.startswith(COUNT)


@dataclass(frozen=True)
class Group:
    """One term to group by: a column's value, or the `period` of a date."""

    name: str
    column: Column
    period: str | None

    @property
    def type(self) -> str:
        """The name of its values' type."""
        return self.column.type if self.period is None else "text"

    @property
    def nullable(self) -> bool:
        """Return whether records without a value are a group too."""
        return not self.column.required


Member = Group | Measure
# How a member is written here that another API writes otherwise.
Translate = Callable[[Sequence[Column], str], str | None]
# Members of the results and whether each is descending.
Sort = tuple[tuple[Member, bool], ...]


@dataclass(frozen=True)
class AggregateQuery:
    """Some measures, of each group of records.

    `sort` names every group, so that no two results have the same position. `position` holds the sort's values, as
    texts, of the result after which the list continues. `limit` is None for all of them, which only an export may ask
    for.
    """

    where: AllOf
    search: str | None
    groups: tuple[Group, ...]
    measures: tuple[Measure, ...]
    sort: Sort
    limit: int | None
    position: tuple[str | None, ...] | None = None
    spreadsheet: bool = False

    @property
    def members(self) -> list[Member]:
        """The members of one result, in order."""
        return [*self.groups, *self.measures]


def aggregate_from_address(schema: DatasetSchema, raw: bytes, limits: Limits, form: Form = "page") -> AggregateQuery:
    """Parse a query string.

    Raises:
        UnknownParameter, ParameterInvalid, ParameterRepeated, QueryTooLarge, QueryContradictory, CursorInvalid: it
            cannot be run, for the reason that the problem names.
    """
    where, asked = read_address(schema, raw, MEMBERS, limits)
    refuse_contradictions(where.conditions)
    with raise_as_problem("query"):
        check_form(asked, form)
        groups = tuple(_group(schema, name) for name in asked.names("group") or ())
        measures = tuple(_measure(schema, name) for name in asked.names("aggregate") or [COUNT])
        limits.check_terms(len(groups) + len(measures), "groups and measures")
        _check_names(schema, groups, measures)
        search = read_search(schema, asked, limits)
        sort = _sort(asked, groups, measures)
        most = limits.page_size if form == "page" else limits.export_records
        cursor = asked.text("cursor")
        query = AggregateQuery(
            where=where,
            search=search,
            groups=groups,
            measures=measures,
            sort=sort,
            limit=asked.limit(most, limits.page_size if form == "page" else None),
            spreadsheet=asked.flag("spreadsheet"),
        )
        return query if cursor is None else replace(query, position=_position(schema, query, cursor))


def _check_names(schema: DatasetSchema, groups: Sequence[Group], measures: Sequence[Measure]) -> None:
    if any(group.name == COUNT for group in groups) and any(measure.name == COUNT for measure in measures):
        raise QueryError(
            "_aggregate",
            f"the number of records and the column '{COUNT}' would have the same name",
            hint=f"Count a column that is always there, such as {schema.key[0].name}{SEPARATOR}{COUNT}.",
        )


def _group(schema: DatasetSchema, name: str) -> Group:
    column, period = _split(schema, name, "_group", translate_group)
    if not can_group(column):
        possible = ", ".join(one.name for one in schema.columns if can_group(one))
        message = f"'{column.name}' is {column.type}, by which nothing can be grouped"
        raise QueryError("_group", message, hint=f"Columns to group by: {shown(possible)}.")
    if period and period not in periods_of(column):
        known = periods_of(column)
        hint = f"'{column.name}' takes: {', '.join(known)}." if known else f"Only dates have: {', '.join(PERIODS)}."
        raise QueryError("_group", f"there is no '{shown(name)}'.{did_you_mean(period, known)}", hint=hint)
    return Group(name, column, period or None)


def _measure(schema: DatasetSchema, name: str) -> Measure:
    if name == COUNT:
        return Measure(name, COUNT, None)
    column, function = _split(schema, name, "_aggregate", translate_measure)
    known = column.kind.aggregates
    if function not in known:
        meant = translate_measure(schema.columns, name)
        near = "" if meant or function in ABSENT_FUNCTIONS else did_you_mean(function, known)
        example = meant or f"{column.name}{SEPARATOR}{known[0]}"
        hint = f"Write it as {example}; '{column.name}' takes: {', '.join(known)}."
        raise QueryError("_aggregate", f"there is no '{shown(name)}'.{near}", hint=hint)
    return Measure(name, function, column)


def _split(schema: DatasetSchema, name: str, place: str, translate: Translate) -> tuple[Column, str]:
    """The column and the suffix in the name of a member; `translate` reads another API's name."""
    column_part, _, rest = name.partition(SEPARATOR)
    column = schema.by_name.get(column_part)
    if column is not None:
        return column, rest
    meant = translate(schema.columns, name)
    if meant is not None:
        raise QueryError(place, f"there is no column '{shown(column_part)}'", hint=f"Write it as {place}={meant}.")
    hint = list_columns(schema.columns)
    if place == "_aggregate":
        hint = f"Write it as count, or as a column and a function: column__sum. {hint}"
    raise QueryError(place, no_column(column_part, schema.columns), hint=hint)


def _sort(asked: QueryOptions, groups: Sequence[Group], measures: Sequence[Measure]) -> Sort:
    members: list[Member] = [*groups, *measures]
    known = {member.name: member for member in members}
    terms: dict[str, bool] = {}
    for term in asked.names("sort") or ():
        name = term.removeprefix("-")
        if name not in known:
            hint = f"They have: {shown(', '.join(known))}; a - before one sorts it in descending order."
            raise QueryError("_sort", f"the results have no '{shown(name)}'.{did_you_mean(name, known)}", hint=hint)
        if name in terms:
            raise QueryError("_sort", f"it names '{shown(name)}' twice")
        terms[name] = term.startswith("-")
    if not groups:
        return ()
    rest = {group.name: False for group in groups if group.name not in terms}
    return tuple((known[name], descending) for name, descending in (terms | rest).items())


def _fingerprint(schema: DatasetSchema, query: AggregateQuery) -> list[Any]:
    """The parts of a query that a cursor belongs to; additional measures change no order."""
    groups = [group.name for group in query.groups]
    terms = [[member.name, descending] for member, descending in query.sort]
    return ["aggregate", str(schema.id), canonical(query.where), query.search, groups, terms]


def next_results(schema: DatasetSchema, query: AggregateQuery, position: list[Any]) -> str:
    """The cursor of the results after the one whose sort's values, as texts, are `position`."""
    return encode_cursor(position, _fingerprint(schema, query))


def _position(schema: DatasetSchema, query: AggregateQuery, cursor: str) -> tuple[str | None, ...]:
    values = decode_cursor(cursor, _fingerprint(schema, query), length=len(query.sort))
    try:
        return tuple(_place(value, member) for value, (member, _) in zip(values, query.sort, strict=True))
    except (ValueError, ArithmeticError):
        raise CursorInvalid("The cursor does not fit the query.", hint="Start from the first page.") from None


def _place(value: Any, member: Member) -> str | None:
    """A value of a cursor: a text that the database reads as the member's type.

    Raises:
        ValueError, ArithmeticError: it is not such a text.
    """
    if value is None and member.nullable:
        return None
    if not isinstance(value, str):
        raise ValueError("it is not a string")
    TYPES[member.type].parse_comparable(value)
    return value
