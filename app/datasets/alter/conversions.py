"""The SQL that changes a column's type: which values convert exactly, and into what. Nothing is rounded or cut. Pure.

A text becomes a value if it is written as one: as JSON shows it, or by the column's conventions. A number becomes
another kind of number if the two are equal.
"""

from app.columns.column import NUMERIC, Column
from app.columns.types.registry import TYPES
from app.datasets.alter.date_texts import DATES, DATETIMES
from app.datasets.alter.image_texts import read_image, show_image
from app.datasets.alter.number_texts import number_fits
from app.datasets.alter.texts import ALWAYS, Conversion, read_text


def is_retyped(before: Column, after: Column) -> bool:
    """Return whether a change of a column changes its type."""
    return (before.type, before.sql_type) != (after.type, after.sql_type)


def target_types(column: Column) -> list[str]:
    """The types that a column's can be changed into."""
    if column.kind.is_text:
        return [name for name in TYPES if name != column.type]
    numbers = [name for name in NUMERIC if column.kind.is_number and (name != column.type or name == "decimal")]
    return [*numbers, *(after for before, after in _OTHERS if before == column.type), "text"]


def find_conversion(before: Column, after: Column, value: str, table: str = "") -> Conversion | None:
    """The conversion of `value`, the SQL of a column's value, to its new type; None if no such value converts.

    `table` is that of the records, whose dataset's images texts are the names of.
    """
    if before.kind.is_number and after.kind.is_number:
        # A double by way of its shortest text: PostgreSQL's own cast rounds it to 15 digits.
        exact = f"{value}::text::numeric" if before.type == "number" else f"{value}::numeric"
        return Conversion(number_fits(exact, after), f"({exact})::{after.sql_type}")
    if after.kind.is_text:
        return show_image(table, value) if before.kind.is_image else _to_text(before, value)
    if before.kind.is_text:
        return read_image(table, after, value) if after.kind.is_image else read_text(after, value)
    if (before.type, after.type) not in _OTHERS:
        return None
    fits, result = _OTHERS[before.type, after.type]
    return Conversion(fits.format(value), result.format(value))


def _to_text(before: Column, value: str) -> Conversion:
    shown = before.kind.json_sql.format(value)
    if before.type == "date":
        return Conversion(f"{value} {DATES}", f"to_char({value}, 'YYYY-MM-DD')")
    if before.type == "datetime":
        return Conversion(f"{value} {DATETIMES}", shown)
    return Conversion(ALWAYS, f"{value}::text")


# What each becomes, and which values do so exactly; {} is the value.
_OTHERS: dict[tuple[str, str], tuple[str, str]] = {
    ("integer", "boolean"): ("{0} IN (0, 1)", "{0} = 1"),
    ("bigint", "boolean"): ("{0} IN (0, 1)", "{0} = 1"),
    ("boolean", "integer"): (ALWAYS, "{0}::integer::bigint"),
    ("boolean", "bigint"): (ALWAYS, "{0}::integer::bigint"),
    ("date", "datetime"): (f"{{0}} {DATES}", "{0}::timestamp AT TIME ZONE 'UTC'"),
    ("datetime", "date"): (
        f"{{0}} {DATETIMES} AND date_trunc('day', {{0}} AT TIME ZONE 'UTC') = {{0}} AT TIME ZONE 'UTC'",
        "({0} AT TIME ZONE 'UTC')::date",
    ),
}
