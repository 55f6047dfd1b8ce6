"""What is computed of a dataset's records, in groups or of all together: the query and its statement. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.core.errors import did_you_mean
from app.core.postgres import DATA_SCHEMA, quote
from app.datasets.aggregates import COUNT, FUNCTIONS, PERIODS, can_group, periods_of, result_sql
from app.datasets.columns import Column
from app.datasets.shape import Shape
from app.records.contradictions import refuse_contradictions
from app.records.filters import AllOf, no_column
from app.records.limits import Limits
from app.records.operands import Mistake, shown
from app.records.parameters import SEPARATOR, Asked, read_address, refusals
from app.records.query import read_search
from app.records.where import SOURCE, Parameters, Statement, column_name, matching

MEMBERS = ("aggregate", "group", "sort", "limit", "q")


@dataclass(frozen=True)
class Measure:
    """A function of a column; without a column, how many records there are."""

    name: str
    function: str
    column: Column | None

    @property
    def sql(self) -> str:
        if self.column is None:
            return "count(*)"
        return FUNCTIONS[self.function].sql.format(column_name(self.column))

    @property
    def json_sql(self) -> str:
        return result_sql(self.function, self.column).format(self.sql) if self.column is not None else self.sql


@dataclass(frozen=True)
class Group:
    """What the records of a group have in common: a column's value, or the `period` of a date."""

    name: str
    column: Column
    period: str | None

    @property
    def sql(self) -> str:
        name = column_name(self.column)
        return name if self.period is None else f"to_char({name}, '{PERIODS[self.period][0]}')"

    @property
    def json_sql(self) -> str:
        return self.sql if self.period is not None else self.column.kind.json_sql.format(self.sql)


@dataclass(frozen=True)
class AggregateQuery:
    """Some measures, of each group of records; `sort` holds members' names and whether each is descending."""

    where: AllOf
    search: str | None
    groups: tuple[Group, ...]
    measures: tuple[Measure, ...]
    sort: tuple[tuple[str, bool], ...]
    limit: int

    @property
    def members(self) -> list[Group | Measure]:
        """What one result is made of, in order."""
        return [*self.groups, *self.measures]


def aggregate_from_address(shape: Shape, raw: bytes, limits: Limits) -> AggregateQuery:
    """The query that an address' part behind the `?` asks for.

    Raises:
        UnknownParameter, ParameterInvalid, ParameterRepeated, QueryTooLarge, QueryContradictory: it cannot be run.
    """
    where, asked = read_address(shape, raw, MEMBERS, limits)
    refuse_contradictions(where.conditions)
    with refusals("query"):
        groups = tuple(_group(shape, name) for name in asked.names("group") or ())
        measures = tuple(_measure(shape, name) for name in asked.names("aggregate") or [COUNT])
        limits.check_terms(len(groups) + len(measures), "groups and measures")
        group_names, measure_names = [group.name for group in groups], [measure.name for measure in measures]
        if COUNT in group_names and COUNT in measure_names:
            raise Mistake(
                "_aggregate",
                f"the number of records and the column '{COUNT}' would have the same name",
                hint=f"Count a column that is always there, as {shape.key[0].name}{SEPARATOR}{COUNT}.",
            )
        return AggregateQuery(
            where=where,
            search=read_search(shape, asked, limits),
            groups=groups,
            measures=measures,
            sort=_sort(asked, group_names + measure_names),
            limit=asked.limit(limits.page_size, limits.page_size) or limits.page_size,
        )


def _group(shape: Shape, name: str) -> Group:
    column, period = _split(shape, name, "_group")
    if not can_group(column):
        raise Mistake("_group", f"'{column.name}' is {column.type}, by which nothing can be grouped")
    if period and period not in periods_of(column):
        known = periods_of(column)
        hint = f"'{column.name}' takes: {', '.join(known)}." if known else f"Only dates have: {', '.join(PERIODS)}."
        raise Mistake("_group", f"there is no '{shown(name)}'.{did_you_mean(period, known)}", hint=hint)
    return Group(name, column, period or None)


def _measure(shape: Shape, name: str) -> Measure:
    if name == COUNT:
        return Measure(name, COUNT, None)
    column, function = _split(shape, name, "_aggregate")
    known = column.kind.aggregates
    if function not in known:
        message = f"there is no '{shown(name)}'.{did_you_mean(function, known)}"
        hint = f"Write it as {column.name}{SEPARATOR}{known[0]}; '{column.name}' takes: {', '.join(known)}."
        raise Mistake("_aggregate", message, hint=hint)
    return Measure(name, function, column)


def _split(shape: Shape, name: str, place: str) -> tuple[Column, str]:
    column_part, _, rest = name.partition(SEPARATOR)
    column = shape.by_name.get(column_part)
    if column is None:
        raise Mistake(place, no_column(column_part, list(shape.by_name)))
    return column, rest


def _sort(asked: Asked, known: Sequence[str]) -> tuple[tuple[str, bool], ...]:
    terms = [(name.removeprefix("-"), name.startswith("-")) for name in asked.names("sort") or ()]
    for name, _ in terms:
        if name not in known:
            raise Mistake(
                "_sort",
                f"the results have no '{shown(name)}'.{did_you_mean(name, known)}",
                hint=f"They have: {shown(', '.join(known))}.",
            )
    return tuple(terms)


def select_groups(shape: Shape, query: AggregateQuery, limit: int) -> Statement:
    """The statement that computes up to `limit` results, one JSON object of `query.members` each, by numbers.

    Numbers and not names, which may be longer than PostgreSQL keeps.
    """
    parameters = Parameters()
    conditions = matching(shape, query.where, query.search, parameters)
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    members = ", ".join(f'{member.json_sql} AS "{number}"' for number, member in enumerate(query.members))
    grouped = f" GROUP BY {', '.join(group.sql for group in query.groups)}" if query.groups else ""
    return parameters.statement(
        f"SELECT row_to_json(_result)::text FROM (SELECT {members} FROM {quote(DATA_SCHEMA, shape.name)} AS {SOURCE}"
        f"{where}{grouped}{_order(query)} LIMIT {limit}) AS _result"
    )


def _order(query: AggregateQuery) -> str:
    """Missing values come last; what the sort leaves open is in the order of the groups."""
    by_name = {member.name: member for member in query.members}
    sorted_by = [name for name, _ in query.sort]
    terms = [*query.sort, *((group.name, False) for group in query.groups if group.name not in sorted_by)]
    if not query.groups or not terms:
        return ""
    placed = (f"{by_name[name].sql}{' DESC NULLS LAST' if descending else ''}" for name, descending in terms)
    return f" ORDER BY {', '.join(placed)}"
