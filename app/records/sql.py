"""The SQL that reads records. PostgreSQL builds the JSON: one text a record. Pure.

Parameters are texts, numbered $1, $2, … and cast to their column's type, so that the primary key's index serves them.
Texts, because the driver has meanings of its own: to it the date 9999-12-31 is infinity.
"""

from collections.abc import Sequence

from app.core.db import DATA_SCHEMA, quote
from app.datasets.columns import Column


def select_record(table: str, columns: Sequence[Column], key: Sequence[Column]) -> str:
    """The statement that reads the record whose key columns have the values $1, $2, …"""
    return f"{_select(table, columns)} WHERE {_row(key)} = {_parameters(key)}"


def select_page(table: str, columns: Sequence[Column], key: Sequence[Column], *, limit: int, behind: bool) -> str:
    """The statement that reads up to `limit` records in the order of the key; `behind`: those after $1, $2, …"""
    where = f" WHERE {_row(key)} > {_parameters(key)}" if behind else ""
    order = ", ".join(_name(column) for column in key)
    return f"{_select(table, columns)}{where} ORDER BY {order} LIMIT {limit}"


def _select(table: str, columns: Sequence[Column]) -> str:
    members = ", ".join(f"{column.kind.json_sql.format(_name(column))} AS {quote(column.name)}" for column in columns)
    return (
        f"SELECT row_to_json(record)::text FROM {quote(DATA_SCHEMA, table)} AS source "
        f"CROSS JOIN LATERAL (SELECT {members}) AS record"
    )


def _name(column: Column) -> str:
    return quote("source", column.name)


def _row(columns: Sequence[Column]) -> str:
    return f"({', '.join(_name(column) for column in columns)})"


def _parameters(columns: Sequence[Column]) -> str:
    return f"({', '.join(f'CAST(${n}::text AS {column.sql_type})' for n, column in enumerate(columns, 1))})"
