"""The statements that compute groups of records. PostgreSQL builds the JSON: one text a result. Pure."""

from collections.abc import Sequence

from app.columns.types.registry import TYPES
from app.core.database.names import DATA_SCHEMA, quote
from app.core.database.sql import Statement
from app.datasets.schema import DatasetSchema
from app.records.query.aggregate_query import AggregateQuery, Group, Member
from app.records.query.functions import FUNCTIONS, PERIODS, result_sql
from app.records.relational.select import FORMULA
from app.records.relational.where import SOURCE, Ordered, Parameters, behind, column_name, json_array, matching, order

# The row of one group: its members by numbers, for names can be longer than PostgreSQL keeps.
_ROW = "_row"


def select_results(schema: DatasetSchema, query: AggregateQuery, limit: int) -> Statement:
    """The statement that reads up to `limit` results: one JSON text each, and its place in the sort as a JSON array."""
    place = json_array(f"{_value(query.members.index(member))}::text" for member, _ in query.sort)
    return _select(schema, query, limit, f"{_document(query.members)}, {place}")


def select_result_documents(schema: DatasetSchema, query: AggregateQuery, limit: int) -> Statement:
    """The statement that reads up to `limit` results, one JSON text each."""
    return _select(schema, query, limit, _document(query.members))


def select_result_cells(schema: DatasetSchema, query: AggregateQuery, limit: int) -> Statement:
    """The statement that reads up to `limit` results as cells, in the order of their members."""
    cells = (_cell(at, member, spreadsheet=query.spreadsheet) for at, member in enumerate(query.members))
    return _select(schema, query, limit, ", ".join(cells))


def _select(schema: DatasetSchema, query: AggregateQuery, limit: int, shown: str) -> Statement:
    parameters = Parameters()
    conditions = matching(schema, query.where, query.search, parameters)
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    computed = ", ".join(f'{_expression(member)} AS "{at}"' for at, member in enumerate(query.members))
    return parameters.statement(
        f"SELECT {shown} FROM (SELECT {computed} FROM {quote(DATA_SCHEMA, schema.name)} AS {SOURCE}{where}"
        f"{_groups(query, parameters)} LIMIT {limit}) AS {_ROW}"
    )


def _groups(query: AggregateQuery, parameters: Parameters) -> str:
    if not query.groups:
        return ""
    grouped = ", ".join(_expression(group) for group in query.groups)
    # The planner takes a condition on groups alone for one on the records.
    begin = f" HAVING {behind(_sort(query), query.position, parameters)}" if query.position is not None else ""
    return f" GROUP BY {grouped}{begin} ORDER BY {order(_sort(query))}"


def _expression(member: Member) -> str:
    """The expression that computes a member of a result."""
    if member.column is None:
        return "count(*)"
    name = column_name(member.column)
    if isinstance(member, Group):
        return name if member.period is None else f"to_char({name}, '{PERIODS[member.period][0]}')"
    return FUNCTIONS[member.function].sql.format(name)


def _json(member: Member) -> str:
    """A member as JSON shows it: an SQL template over {}."""
    if isinstance(member, Group):
        return "{}" if member.period is not None else member.column.kind.json_sql
    return "{}" if member.column is None else result_sql(member.function, member.column)


def _sort(query: AggregateQuery) -> list[Ordered]:
    """The order of the results."""
    return [
        Ordered(_expression(member), TYPES[member.type].sql, descending, member.nullable)
        for member, descending in query.sort
    ]


def _value(at: int) -> str:
    return quote(_ROW, str(at))


def _document(members: Sequence[Member]) -> str:
    """A result as JSON: joined, for a function of PostgreSQL takes 100 arguments at most."""
    parts = []
    for at, member in enumerate(members):
        value = f"COALESCE(to_json({_json(member).format(_value(at))})::text, 'null')"
        parts.append(f"""'{"," if at else ""}"{member.name}":' || {value}""")
    return f"'{{' || {' || '.join(parts)} || '}}'"


def _cell(at: int, member: Member, *, spreadsheet: bool) -> str:
    kind = TYPES[member.type]
    if kind.cell_sql is not None:
        return kind.cell_sql.format(_value(at))
    if spreadsheet and kind.sql == "text":
        return f"regexp_replace({_value(at)}, '{FORMULA}', '''\\&')"
    return _json(member).format(_value(at))
