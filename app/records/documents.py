"""Parsing of a written record's JSON: values as `Column.parse` gives them, or the mistakes. Pure.

The rules are those of imports, read from the same table; nothing is rounded, guessed or cut.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from app.columns.column import ROW_ID, Column
from app.columns.constraints import CONSTRAINTS
from app.columns.rules import Rule, address_rule, constraint_rules, type_rule
from app.columns.types.base import Unreadable
from app.core.errors import did_you_mean
from app.core.strict_json import parse_json
from app.datasets.schema import MAX_SCHEMAS, DatasetSchema
from app.records.errors import DatasetWithoutColumns
from app.records.query.hints.near_values import near_in_json
from app.records.query.hints.operator_idioms import find_column

Values = dict[str, Any]

# Of one record, and records of an array, for whose strange members a near column is looked for.
MAX_GUESSES = 10


@dataclass(frozen=True)
class Fault:
    """One mistake in written records: in which record (from 0, None for a single one) and which column.

    `value` is the conflicting value, as a text.
    """

    column: str | None
    code: str
    message: str
    index: int | None = None
    value: str | None = None

    def document(self) -> dict[str, Any]:
        """The mistake as a problem lists it."""
        place = {"index": self.index, "column": self.column, "value": self.value}
        return {name: value for name, value in place.items() if value is not None} | {
            "code": self.code,
            "message": self.message,
        }

    def __str__(self) -> str:
        """The mistake as a sentence."""
        place = "" if self.index is None else f"Record {self.index}: "
        value = "" if self.value is None else f" '{self.value}'"
        end = "" if self.message.endswith("?") else "."
        return f"{place}{self.column or ''}{value}: {self.message}{end}".replace(": : ", ": ").removeprefix(": ")


class _Broken(Exception):
    """A value breaks a rule."""

    def __init__(self, rule: Rule, message: str | None = None) -> None:
        super().__init__(rule.code)
        self.code = rule.code
        self.message = message or rule.message


class ColumnReader:
    """Reads the values of one column; `key` names the key columns."""

    def __init__(self, column: Column, key: Sequence[str] = ()) -> None:
        self.column = column
        self._read = column.kind.read_json
        self._type_rule = type_rule(column)
        rules = {rule.code: rule for rule in constraint_rules(column)}
        self._required = rules.pop("required", None)
        self._checks = [(CONSTRAINTS[code].find_check(column.kind, rule.bound), rule) for code, rule in rules.items()]
        if (address := address_rule(column, key)) is not None:
            self._checks.append((lambda value: value in address.bound, address))

    def read(self, value: Any) -> Any:
        """The value that a JSON value stands for, None for null.

        Raises:
            _Broken: it breaks a rule of the column.
        """
        if value is None:
            if self._required is not None:
                raise _Broken(self._required)
            return None
        try:
            typed = self._read(value)
        except Unreadable as error:
            raise _Broken(self._type_rule, str(error)) from None
        except (ValueError, ArithmeticError):
            raise _Broken(self._type_rule, f"{self._type_rule.message}{self._guess(value)}") from None
        # Which image it is will be known later: see `RecordReader.check`.
        if not self.column.kind.is_image:
            self.check(typed)
        return typed

    def _guess(self, value: Any) -> str:
        """A sentence about the value that another one may have meant; empty if none is known that fits."""
        near = near_in_json(self.column, value)
        if near is None or not self._takes(near):
            return ""
        return f". Did you mean {near}?"

    def _takes(self, near: str) -> bool:
        try:
            self._read(parse_json(near))
        except (ValueError, ArithmeticError):
            return False
        return True

    def check(self, typed: Any) -> None:
        """Raise _Broken if a value of the column's type breaks one of its other rules."""
        for is_broken, rule in self._checks:
            if is_broken(typed):
                raise _Broken(rule)


class RecordReader:
    """Reads the records that are written to one dataset; `key` names the key columns."""

    def __init__(self, columns: Sequence[Column], key: Sequence[str]) -> None:
        self._key = tuple(key)
        self._readers = {column.name: ColumnReader(column, self._key) for column in columns}

    def read_new(self, document: Any, index: int | None = None) -> tuple[Values, list[Fault]]:
        """A value for every column of a new record, None if the document has no member for it."""
        return self._read(document, self._readers, {}, index)

    def read_whole(self, document: Any, key: Sequence[Any]) -> tuple[Values, list[Fault]]:
        """A value for every column of the record with this key, which the document need not repeat."""
        return self._read(document, self._readers, dict(zip(self._key, key, strict=True)), None)

    def read_changes(self, document: Any, key: Sequence[Any]) -> tuple[Values, list[Fault]]:
        """The values that a merge patch gives some columns of the record with this key, those of the key left out."""
        given = dict(zip(self._key, key, strict=True))
        named = document.keys() & self._readers.keys() if isinstance(document, dict) else ()
        values, faults = self._read(document, [name for name in self._readers if name in named], given, None)
        return {name: value for name, value in values.items() if name not in given}, faults

    def check(self, name: str, value: Any, index: int | None = None) -> list[Fault]:
        """The mistake of a value of a column's type, if it breaks one of the column's other rules."""
        try:
            self._readers[name].check(value)
        except _Broken as broken:
            return [Fault(name, broken.code, broken.message, index)]
        return []

    def _read(
        self, document: Any, names: Sequence[str] | Mapping[str, Any], key: Values, index: int | None
    ) -> tuple[Values, list[Fault]]:
        if not isinstance(document, dict):
            return {}, [Fault(None, "not_an_object", "a record is an object: a member for each column", index)]
        values: Values = {}
        faults: list[Fault] = []
        for name in names:
            try:
                values[name] = self._value(name, document, key)
            except _Broken as broken:
                faults.append(Fault(name, broken.code, broken.message, index))
        if document.keys() - self._readers.keys():
            faults += self._strangers(document, key, index)
        return values, faults

    def _value(self, name: str, document: Values, key: Values) -> Any:
        if name not in key:
            return self._readers[name].read(document.get(name))
        if name in document and not _is_same(self._readers[name].read(document[name]), key[name]):
            raise _Broken(_OTHER_KEY)
        # The address may name a record that is yet to be added.
        self._readers[name].check(key[name])
        return key[name]

    def _strangers(self, document: Values, key: Values, index: int | None) -> Iterator[Fault]:
        """The mistakes of members that are not writable columns."""
        guesses = 0
        for name in document:
            if name == ROW_ID and self._key == (ROW_ID,):
                if ROW_ID not in key:
                    yield Fault(name, "read_only", "the database numbers the records", index)
                elif document[name] != key[name]:
                    yield Fault(name, _OTHER_KEY.code, _OTHER_KEY.message, index)
            elif name not in self._readers:
                guesses += 1
                is_guessed = guesses <= MAX_GUESSES and (index or 0) < MAX_GUESSES
                near = self._near_column(name[:100], document[name]) if is_guessed else ""
                message = f"there is no such column.{near}"
                yield Fault(name[:100], "unknown_column", message, index)

    def _near_column(self, name: str, value: Any) -> str:
        """The hint for a member that is not a column's name."""
        columns = [reader.column for reader in self._readers.values()]
        meant = find_column(columns, name)
        if meant is not None:
            return f" Did you mean '{meant.name}'?"
        if name in _WRAPPERS and isinstance(value, dict | list):
            return f" Send the record itself, or an array of them, without '{name}' around it"
        return did_you_mean(name, self._readers)


# What other APIs put around a record.
_WRAPPERS = ("data", "record", "records", "attributes", "fields", "values", "rows", "items", "input", "object")
_OTHER_KEY = Rule("other_key", None, "not the key in the URL, which cannot be changed")


def _is_same(one: Any, other: Any) -> bool:
    return bool(one == other) or (one != one and other != other)  # noqa: PLR0124  # only NaN is not what it is


@lru_cache(MAX_SCHEMAS)
def reader_of(schema: DatasetSchema) -> RecordReader:
    """The parser of records that are written to a dataset of this schema.

    Raises:
        DatasetWithoutColumns: it has no columns to write to.
    """
    if not schema.columns:
        raise DatasetWithoutColumns(
            f"'{schema.name}' has no columns yet.", hint="Import a file into it: its columns are found in that."
        )
    return RecordReader(written_columns(schema), [column.name for column in schema.key])


def written_columns(schema: DatasetSchema) -> list[Column]:
    """The columns that are written: all but the number that a record without a key gets."""
    return [column for column in schema.columns if column.name != ROW_ID]
