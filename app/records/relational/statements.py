"""The SQL that writes records: one statement each, which answers with the record as a read shows it. Pure.

Parameters are texts, as in `sql`. Every statement holds only while the dataset is in the state it is built for: a
change of its columns keeps writers away until it is committed, so that a statement that waited for it does nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from app.access.keys.conditions import key_works
from app.columns.column import Column
from app.core.database.names import DATA_SCHEMA, quote
from app.datasets.schema import DatasetSchema, is_current
from app.records.etag import DIGEST_SQL
from app.records.relational.select import json_members

# Statements of a dataset that are kept.
MAX_UPDATES = 100
# No column's name begins with an underscore but that of a record's number: these can mean nothing else.
PLACE = "_place"


@dataclass(frozen=True, eq=False)
class WriteSql:
    """The statements that write to a dataset of one schema.

    `columns` are those that can be written. Values come in their order and are followed by those of the record's key.
    If the caller has an API key (`with_caller`), its id is the last parameter of writing statements: it must still
    work.
    """

    schema: DatasetSchema
    columns: Sequence[Column]
    with_caller: bool
    # By whether they are conditional, and their columns' names: a client changes the same few columns again and again.
    _updates: dict[tuple[bool | str, ...], str] = field(default_factory=dict, init=False, repr=False)

    @property
    def key(self) -> Sequence[Column]:
        """The columns that address a record."""
        return self.schema.key

    @cached_property
    def insert_one(self) -> str:
        """Adds a record; the second column is the texts of its key."""
        values = ", ".join(_parameter(column, place) for place, column in enumerate(self.columns, 1))
        guard = self._guard(len(self.columns))
        return f"{self._insert} SELECT {values} WHERE {guard} RETURNING {self._record}, {self._key_texts}"

    @cached_property
    def insert_many(self) -> str:
        """Adds records whose values come as an array a column."""
        values = ", ".join(_given(column) for column in self.columns)
        return (
            f"{self._insert} SELECT {values} FROM {_unnested(self.columns)} WHERE {self._guard(len(self.columns))} "
            f"ORDER BY {PLACE} RETURNING {self._record}"
        )

    @cached_property
    def upsert(self) -> str:
        """Adds a record or replaces the one with its key; the second column is the texts of its key.

        The third is whether it was added.
        """
        values = ", ".join(_parameter(column, place) for place, column in enumerate(self.columns, 1))
        key = ", ".join(quote(column.name) for column in self.key)
        kept = {column.name for column in self.key}
        names = [quote(column.name) for column in self.columns if column.name not in kept] or [quote(self.key[0].name)]
        changes = ", ".join(f"{name} = excluded.{name}" for name in names)
        return (
            f"{self._insert} SELECT {values} WHERE {self._guard(len(self.columns))} "
            f"ON CONFLICT ({key}) DO UPDATE SET {changes} "
            f"RETURNING {self._record}, {self._key_texts}, source.xmax = 0"
        )

    def update(self, columns: Sequence[Column], *, conditional: bool) -> str:
        """Changes some columns of the record with a key; conditional: if it has one of the digests that come last."""
        wanted: tuple[bool | str, ...] = (conditional, *[column.name for column in columns])
        if wanted not in self._updates:
            if len(self._updates) == MAX_UPDATES:
                self._updates.clear()
            self._updates[wanted] = self._build_update(columns, conditional=conditional)
        return self._updates[wanted]

    def _build_update(self, columns: Sequence[Column], *, conditional: bool) -> str:
        names = [quote(column.name) for column in columns]
        values = [_parameter(column, place) for place, column in enumerate(columns, 1)]
        if not columns:
            # The record is locked and shown, and its condition checked, though there is nothing to change.
            names, values = [quote(self.key[0].name)], [quote("source", self.key[0].name)]
        changes = ", ".join(f"{name} = {value}" for name, value in zip(names, values, strict=True))
        where = self._where(len(columns) + 1, conditional=conditional)
        return f"UPDATE {self._source} SET {changes} WHERE {where} RETURNING {self._record}"

    def delete(self, *, conditional: bool) -> str:
        """Deletes the record with a key; one row says that it was there."""
        return f"DELETE FROM {self._source} WHERE {self._where(1, conditional=conditional)} RETURNING 1"

    def lock(self, columns: Sequence[Column]) -> list[str]:
        """Lock the record with a key and read some columns' texts.

        The table's lock comes first: an import that replaces it waits for its readers, and they must not wait for it.
        """
        texts = ", ".join(f"{quote('source', column.name)}::text" for column in columns)
        return [
            f"LOCK TABLE {quote(DATA_SCHEMA, self.schema.name)} IN ROW EXCLUSIVE MODE",
            f"SELECT {texts} FROM {self._source} WHERE {self._addressed(1)} FOR UPDATE",
        ]

    @cached_property
    def exists(self) -> str:
        """Reads whether a key has a record."""
        return f"SELECT EXISTS (SELECT FROM {self._source} WHERE {self._addressed(1)})"

    def clashes(self, columns: Sequence[Column], *, is_update: bool) -> str:
        """Finds records whose values, which come as an array a column, must be unique together and are not.

        The rows are a place, from 1, the first place with the same values, and whether a record has them; of an update
        a record other than the one whose key comes last.
        """
        names = ", ".join(quote(column.name) for column in columns)
        values = ", ".join(f"{_given(column)} AS {quote(column.name)}" for column in columns)
        same = " AND ".join(f"{quote('source', c.name)} = {quote('typed', c.name)}" for c in columns)
        other = f" AND NOT ({self._addressed(len(columns) + 1)})" if is_update else ""
        given = " AND ".join(f"{quote(column.name)} IS NOT NULL" for column in columns)
        return (
            f"SELECT * FROM (SELECT {PLACE}, min({PLACE}) OVER (PARTITION BY {names}) AS first, "
            f"EXISTS (SELECT FROM {self._source} WHERE {same}{other}) AS is_taken "
            f"FROM (SELECT {PLACE}, {values} FROM {_unnested(columns)}) AS typed WHERE {given}) AS found "
            f"WHERE is_taken OR first < {PLACE} ORDER BY {PLACE}"
        )

    def dangling(self, column: Column, target: str, key: str) -> str:
        """Finds the places, from 1, of values of a column, which come as an array, that no record's key answers."""
        return (
            f"SELECT {PLACE} FROM {_unnested([column])} WHERE {quote(column.name)} IS NOT NULL AND NOT EXISTS "
            f"(SELECT FROM {quote(DATA_SCHEMA, target)} AS referred WHERE {quote('referred', key)} = {_given(column)}) "
            f"ORDER BY {PLACE}"
        )

    @property
    def _source(self) -> str:
        return f"{quote(DATA_SCHEMA, self.schema.name)} AS source"

    @property
    def _insert(self) -> str:
        return f"INSERT INTO {self._source} ({', '.join(quote(column.name) for column in self.columns)})"

    @cached_property
    def _record(self) -> str:
        return f"(SELECT {self._json} FROM {self._row})"

    @property
    def _key_texts(self) -> str:
        texts = (f"({column.kind.json_sql.format(quote('source', column.name))})::text" for column in self.key)
        return f"ARRAY[{', '.join(texts)}]"

    @property
    def _json(self) -> str:
        return "row_to_json(_record)::text"

    @cached_property
    def _row(self) -> str:
        return f"(SELECT {json_members(self.schema.columns)}) AS _record"

    def _guard(self, count: int) -> str:
        """The condition that the dataset and the caller are as cached, after `count` parameters."""
        conditions = [is_current(self.schema)]
        if self.with_caller:
            conditions.append(key_works(f"${count + 1}"))
        return " AND ".join(conditions)

    def _where(self, start: int, *, conditional: bool) -> str:
        """The record whose key's values begin at $start, in a dataset that has not changed."""
        conditions = [self._addressed(start)]
        count = start - 1 + len(self.key)
        if conditional:
            count += 1
            digest = f"(SELECT {DIGEST_SQL}({self._json}) FROM {self._row})"
            conditions.append(f"{digest} = ANY (${count}::text[])")
        return " AND ".join([*conditions, self._guard(count)])

    def _addressed(self, start: int) -> str:
        names = ", ".join(quote("source", column.name) for column in self.key)
        values = ", ".join(_parameter(column, place) for place, column in enumerate(self.key, start))
        return f"({names}) = ({values})"


def _parameter(column: Column, place: int) -> str:
    return f"CAST(${place}::text AS {column.sql_type})"


def _unnested(columns: Sequence[Column]) -> str:
    """Arrays of texts, $1 and following, as rows with their place from 1."""
    arrays = ", ".join(f"${place}::text[]" for place in range(1, len(columns) + 1))
    names = ", ".join(quote(column.name) for column in columns)
    return f"unnest({arrays}) WITH ORDINALITY AS given({names}, {PLACE})"


def _given(column: Column) -> str:
    return f"CAST({quote('given', column.name)} AS {column.sql_type})"
