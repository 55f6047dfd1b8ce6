"""The SQL of conditions: of a filter, of a search, and of continuing after a position in a sort. Pure.

Parameters are texts, numbered $1, $2, … and cast to their column's type, so that the table's indexes serve them.
Texts, because the driver has meanings of its own: to it the date 9999-12-31 is infinity.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from app.columns.column import Column
from app.columns.types.image import is_id
from app.core.database.names import quote
from app.core.database.sql import Statement, Value
from app.datasets.images import get_images
from app.datasets.schema import DatasetSchema
from app.datasets.tables import fold_accents, literal, search_expression
from app.records.query.filters import AllOf, AnyOf, Condition, Filter, Not
from app.records.query.operators import operator_of
from app.records.query.record_query import SortTerm

# The alias of the dataset's table in every statement.
SOURCE = "source"


@dataclass
class Parameters:
    """The values of a statement in the making."""

    values: list[Value] = field(default_factory=list)

    def add(self, value: Value, sql_type: str) -> str:
        """The expression that stands for a value of a type, or for an array of them."""
        self.values.append(value)
        array = "[]" if isinstance(value, list) else ""
        return f"CAST(${len(self.values)}::text{array} AS {sql_type}{array})"

    def statement(self, text: str) -> Statement:
        """The finished statement."""
        return Statement(text, tuple(self.values))


def column_name(column: Column) -> str:
    """A column of the dataset's table."""
    return quote(SOURCE, column.name)


def json_array(expressions: Iterable[str]) -> str:
    """The text of a JSON array of some expressions. A function would take 100 of them at most."""
    values = ", ".join(f"to_json({expression})" for expression in expressions)
    return f"array_to_json(ARRAY[{values}]::json[])::text"


def matching(schema: DatasetSchema, where: AllOf, search: str | None, parameters: Parameters) -> list[str]:
    """The conditions, all to be fulfilled, of a filter and a search."""
    conditions = [_filter(part, schema, parameters) for part in where.parts]
    if search is not None:
        words = f"websearch_to_tsquery('simple', {fold_accents(parameters.add(search, 'text'))})"
        conditions.append(f"{search_expression(schema.columns, SOURCE)} @@ {words}")
    return conditions


def is_never_missing(column: Column, where: AllOf) -> bool:
    """Return whether every record that a filter lets through has a value in a column."""
    if column.required:
        return True
    return any(c.column.name == column.name and not c.holds_for_missing for c in where.conditions)


def _filter(part: Filter, schema: DatasetSchema, parameters: Parameters) -> str:
    match part:
        case Condition():
            return _condition(part, schema, parameters)
        case Not():
            return f"({_filter(part.part, schema, parameters)}) IS NOT TRUE"
        case AllOf():
            parts = (_filter(inner, schema, parameters) for inner in part.parts)
            return f"({' AND '.join(parts)})" if part.parts else "TRUE"
        case AnyOf():
            return f"({' OR '.join(_filter(inner, schema, parameters) for inner in part.parts)})"


def _condition(condition: Condition, schema: DatasetSchema, parameters: Parameters) -> str:
    operator, values = operator_of(condition.column, condition.operator), condition.values
    name, sql_type = column_name(condition.column), condition.column.kind.sql
    if operator.takes == "flag":
        return (operator.sql if values == ("true",) else operator.sql_if_false).format(name)
    if condition.column.kind.is_image:
        return operator.sql.format(name, _images(condition, schema, parameters))
    if operator.takes == "list":
        return operator.sql.format(name, parameters.add(list(values), sql_type))
    if operator.pattern is not None:
        values, sql_type = tuple(operator.pattern.format(_escape(value)) for value in values), "text"
    return operator.sql.format(name, *(parameters.add(value, sql_type) for value in values))


def _images(condition: Condition, schema: DatasetSchema, parameters: Parameters) -> str:
    """The ids of the images that a condition names, which may be by their filenames."""
    values = list(condition.values)
    is_list = operator_of(condition.column, condition.operator).takes == "list"
    given = parameters.add(values if is_list else values[0], "text")
    if all(map(is_id, values)):
        return given
    images, dataset = get_images(), literal(str(schema.id))
    if is_list:
        return f"ARRAY(SELECT {images.named_sql('_name', dataset)} FROM unnest({given}) AS _given(_name))"
    return f"({images.named_sql(given, dataset)})"


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


@dataclass(frozen=True)
class Ordered:
    """A sort term of rows: an expression and its type; if it is `nullable`, those without a value come last."""

    sql: str
    sql_type: str
    descending: bool
    nullable: bool


def ordered(terms: Sequence[SortTerm]) -> list[Ordered]:
    """A sort of records, as their table has it."""
    return [Ordered(column_name(term.column), term.column.kind.sql, term.descending, term.nullable) for term in terms]


def behind(terms: Sequence[Ordered], position: Sequence[str | None], parameters: Parameters) -> str:
    """The condition of coming after a position in a sort that leaves no ties; missing values come last.

    It begins with a bound on the first expression, or compares rows, so that an index leads straight to the position.
    """
    if not terms:
        return "FALSE"
    if all(not term.nullable and term.descending == terms[0].descending for term in terms):
        return _row_behind(terms, position, parameters)
    term, value = terms[0], position[0]
    if value is None:
        return f"({term.sql} IS NULL AND {behind(terms[1:], position[1:], parameters)})"
    sign, place = "<" if term.descending else ">", parameters.add(value, term.sql_type)
    further = behind(terms[1:], position[1:], parameters)
    if term.nullable:
        return f"({term.sql} {sign} {place} OR {term.sql} IS NULL OR ({term.sql} = {place} AND {further}))"
    return f"({term.sql} {sign}= {place} AND ({term.sql} {sign} {place} OR {further}))"


def _row_behind(terms: Sequence[Ordered], position: Sequence[str | None], parameters: Parameters) -> str:
    names = ", ".join(term.sql for term in terms)
    places = ", ".join(
        parameters.add(value, term.sql_type) for term, value in zip(terms, position, strict=True) if value is not None
    )
    return f"({names}) {'<' if terms[0].descending else '>'} ({places})"


def order(terms: Sequence[Ordered]) -> str:
    """The ORDER BY of a sort. Of what is never missing it leaves NULLS out: so any index on it will do."""
    return ", ".join(
        f"{term.sql}{' DESC' if term.descending else ''}{' NULLS LAST' if term.descending and term.nullable else ''}"
        for term in terms
    )
