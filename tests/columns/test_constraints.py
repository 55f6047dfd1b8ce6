"""One table of rules: a cell of a file and a value of a written record are judged alike."""

import math
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from app.columns.column import Column
from app.columns.constraints import CONSTRAINTS
from app.columns.rules import constraint_rules, type_rule
from app.columns.types.registry import TYPES
from app.core.strict_json import parse_json, write_json
from app.imports.formats.table import Table
from app.imports.values import validate
from app.imports.values.cell_types import CELL_TYPES
from app.imports.values.cells import Conventions
from app.records.documents import RecordReader

# The same examples in every run, however slow the machine.
STABLE = settings(deadline=None, derandomize=True, max_examples=500)

NUMBERS = st.one_of(
    st.integers(-(10**20), 10**20).map(Decimal),
    st.integers(-5, 5).map(Decimal),
    st.decimals(-(10**9), 10**9, places=3),
    st.sampled_from(["0.10", "1e400", "-0.0", "1.50", "1e2", "9007199254740992", "-0", "1e-400"]).map(Decimal),
)
MOMENTS = st.datetimes(timezones=st.just(UTC)) | st.sampled_from(
    [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999999, UTC), datetime(2024, 2, 29, tzinfo=UTC)]
)
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=4) | st.text("aAb\n", max_size=3)
DOCUMENTS = st.sampled_from(
    ['{"a": 1}', "[1, 1.10]", '"a"', '"\\u0000"', '"\\ud800"', '"\\\\u0000"', '{"a":1,"a":2}', "1e5", "1e99999"]
)
ZONES = st.sampled_from(["Z", "+00:00", "-00:00", "+05:30", "-23:59", "+24:00", "+99:99", "", " "])
DATES = st.dates().map(str) | st.sampled_from(["2023-02-29", "0000-01-01", "2024-1-1", "2024-02-29"])
# What stands in a file, and may stand as a text in JSON.
CELLS: dict[str, st.SearchStrategy[str]] = {
    "text": TEXTS,
    "integer": NUMBERS.map(str) | st.text("0123456789.-+e", max_size=5),
    "bigint": NUMBERS.map(lambda number: f"{number:f}"[:25]) | st.text("0123456789-", max_size=20),
    "number": NUMBERS.map(str) | st.sampled_from(["NaN", "Infinity", "-Infinity", "-0", ".5", "007"]),
    "decimal": NUMBERS.map(lambda number: f"{number:f}"[:25]) | st.text("0123456789.-", max_size=6),
    "boolean": st.sampled_from(["true", "false", "F", "yes", "1", "ja"]),
    "date": DATES,
    "datetime": st.tuples(MOMENTS.map(lambda moment: moment.isoformat()[:-6]), ZONES).map("".join),
    "uuid": st.uuids().map(str) | st.uuids().map(lambda value: str(value).upper()) | st.just("{}"),
    "json": DOCUMENTS,
    "image": TEXTS,
}
# What stands in JSON, as `parse_json` gives it.
JSON_VALUES: dict[str, st.SearchStrategy[Any]] = {
    **CELLS,
    "integer": NUMBERS | NUMBERS.map(int),
    "bigint": NUMBERS | CELLS["bigint"],
    "number": NUMBERS | st.floats(allow_nan=False, allow_infinity=False).map(Decimal) | st.just("NaN"),
    "decimal": NUMBERS | CELLS["decimal"],
    "boolean": st.booleans(),
    "json": st.recursive(
        st.none() | st.booleans() | NUMBERS | TEXTS,
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2),
        max_leaves=4,
    ),
}


def _typed(name: str, constraints: dict[str, Any]) -> Column | None:
    members = {"precision": 12, "scale": 2} if name == "decimal" else {}
    if constraints.pop("long", False) and name == "decimal":
        members = {"precision": 40, "scale": 5}
    try:
        return Column.model_validate({"name": "a", "type": name, **members, **constraints})
    except ValidationError:
        return None


def _bounds(name: str) -> st.SearchStrategy[Any]:
    """Values for a column's constraints, as JSON gives them."""
    if name == "boolean":
        return st.booleans()
    if name in ("integer", "number"):
        return st.integers(-5, 5) | st.sampled_from(["3", -0.0, 0.5, "NaN", 10**15])
    if name == "decimal":
        return st.integers(-5, 5) | st.sampled_from(["0.10", 0.1, "007", "-0.00", ".5", "1000000"])
    if name == "datetime":
        return MOMENTS.map(lambda moment: moment.isoformat()) | CELLS[name]
    return CELLS[name]


@st.composite
def columns(draw: st.DrawFn) -> Column:
    """A column with some rules, of which some contradict others."""
    name = draw(st.sampled_from(list(TYPES)))
    bounds = _bounds(name)
    constraints: dict[str, Any] = {"required": draw(st.booleans()), "long": draw(st.booleans())}
    if TYPES[name].ordered:
        constraints |= draw(st.fixed_dictionaries({}, optional={"min": bounds, "max": bounds}))
    if name != "json":
        constraints |= draw(st.fixed_dictionaries({}, optional={"one_of": st.lists(bounds, min_size=1, max_size=4)}))
    if name == "text":
        patterns = st.sampled_from(["a", "a|b", "[a-z]*", r"\w+", "(?i)a+", ".", "(?s).", r"\pL*", "a$", "^b"])
        optional = {"max_length": st.integers(1, 3), "pattern": patterns}
        constraints |= draw(st.fixed_dictionaries({}, optional=optional))
    column = _typed(name, constraints)
    if column is None:
        column = _typed(name, {})
    assert column is not None
    return column


Verdict = tuple[str, Any]


def by_import(column: Column, cell: str | None) -> Verdict:
    """Import a cell: "value" and it, or the code and message of the rule that it breaks."""
    table = Table([pa.array([None if cell is None else cell.encode()], pa.binary())], np.arange(1))
    made = validate.validate_table(table, [column], Conventions())
    if made.faults:
        return made.faults[0].code, made.faults[0].message
    value = made.arrays[0][0].as_py()
    if value is None:
        return "value", None
    if column.type == "json":
        return "value", parse_json(value)
    if column.type == "decimal":
        return "value", Decimal(value).scaleb(-(column.scale or 0) if isinstance(value, int) else 0)
    if column.type == "datetime":
        return "value", value.replace(tzinfo=UTC)
    return "value", UUID(bytes=value) if column.type == "uuid" else value


def by_write(column: Column, value: Any) -> Verdict:
    """Write a JSON value, with a result as that of `by_import`."""
    reader = RecordReader([column], ["k"])
    made, faults = reader.read_new({"a": value})
    if column.type == "image" and not faults and made["a"] is not None:
        # Its other rules are for the image that it turns out to be.
        faults = reader.check("a", made["a"])
    if faults:
        return faults[0].code, faults[0].message
    typed = made["a"]
    return "value", parse_json(typed) if column.type == "json" and typed is not None else typed


def is_same(one: Verdict, other: Verdict) -> bool:
    """Return whether two verdicts agree; NaN is not a number, but the same value."""
    return one == other or str(one) == str(other) == "('value', nan)"


def cell_of(column: Column, value: Any) -> str:
    """How a file writes a value."""
    if column.type == "number":
        return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}.get(repr(value), repr(value))
    if column.type == "decimal":
        return f"{value:f}"
    if column.type == "json":
        return write_json(value)
    return str(value).lower() if column.type == "boolean" else str(value)


def json_of(column: Column, value: Any) -> Any:
    """How JSON writes a value."""
    if column.type == "number":
        return Decimal(value) if math.isfinite(value) else cell_of(column, value)
    return value if column.type in ("text", "image", "boolean", "integer", "json") else cell_of(column, value)


def without_rules(column: Column) -> Column:
    """A column of the same type that takes each of its values."""
    return Column(name="a", type=column.type, precision=column.precision, scale=column.scale)


class TestTable:
    def test_imports_check_every_constraint(self) -> None:
        assert list(validate.CHECKS) == list(CONSTRAINTS)

    def test_imports_read_every_type(self) -> None:
        assert set(CELL_TYPES) == set(TYPES)

    def test_a_bound_of_nought_is_a_bound(self) -> None:
        column = Column(name="a", type="integer", min=0, max=0)
        assert [rule.message for rule in constraint_rules(column)] == ["less than 0", "more than 0"]

    def test_what_is_not_declared_is_no_rule(self) -> None:
        assert constraint_rules(Column(name="a", type="text", required=False)) == []

    def test_a_decimals_digits_are_told(self) -> None:
        rule = type_rule(Column(name="a", type="decimal", precision=6, scale=2))
        assert rule.message == "not a decimal with at most 4 digits before and 2 after the decimal point"


class TestAgreement:
    @STABLE
    @given(st.data())
    def test_what_a_write_reads_an_import_judges_alike(self, data: st.DataObject) -> None:
        column = data.draw(columns())
        value = data.draw(JSON_VALUES[column.type])
        code, typed = by_write(without_rules(column), value)
        if code == "value" and typed is not None:
            assert is_same(by_write(column, value), by_import(column, cell_of(column, typed)))

    @STABLE
    @given(st.data())
    def test_what_an_import_reads_a_write_judges_alike(self, data: st.DataObject) -> None:
        column = data.draw(columns())
        cell = data.draw(CELLS[column.type])
        code, typed = by_import(without_rules(column), cell)
        if code == "value" and typed is not None:
            assert is_same(by_import(column, cell), by_write(column, json_of(column, typed)))

    @STABLE
    @given(columns())
    def test_nothing_is_judged_alike(self, column: Column) -> None:
        assert by_import(column, None) == by_write(column, None)


class TestPatterns:
    @pytest.mark.parametrize("pattern", ["(?=a)", "(a)\\1", "a)|(b", "[", "(?<=a)b"])
    def test_what_re2_does_not_know_is_refused(self, pattern: str) -> None:
        with pytest.raises(ValidationError, match="not a regular expression of RE2"):
            Column(name="a", type="text", pattern=pattern)
