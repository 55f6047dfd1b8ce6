"""Random changes of a dataset, one after the other, compared with a plain model of the records."""

import re
from copy import deepcopy
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.datasets.conftest import Document, Things

# The same examples in every run, each a dataset of its own in the one database: too slow to look for shorter ones.
STABLE = settings(
    deadline=None,
    derandomize=True,
    max_examples=60,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
NAMES = ("a", "b", "c", "d", "e")
MEMBERS: dict[str, Document] = {
    "text": {"type": "text"},
    "integer": {"type": "integer"},
    "decimal": {"type": "decimal", "precision": 5, "scale": 1},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
}
VALUES: dict[str, list[Any]] = {
    "text": ["x", "1", "0", "1.0", "2.50", "true", "-0", "007", "", " 7", "\xa0"],
    "integer": [0, 1, 7, -3, 10_000],
    "decimal": ["0.0", "1.0", "-2.5", "9999.9"],
    "number": [0, 1, 0.5, -2.25, 10_000],
    "boolean": [True, False],
}
# Types of which no value is one of the other.
APART = [("decimal", "boolean"), ("number", "boolean"), ("boolean", "decimal"), ("boolean", "number")]
numbers = count()


class Refused(Exception):
    """The change cannot be made."""


@dataclass
class Model:
    """Columns by name, in their order, and records, each with a value for every column."""

    columns: dict[str, Document]
    records: list[Document]
    key: list[str] = field(default_factory=list)

    def drop(self, name: str) -> None:
        self._demand(name in self.columns and name not in self.key and len(self.columns) > 1)
        del self.columns[name]
        for record in self.records:
            del record[name]

    def rename(self, name: str, new: str) -> None:
        self._demand(name in self.columns and (new == name or new not in self.columns))
        self.columns = {new if old == name else old: members for old, members in self.columns.items()}
        self.records = [{new if old == name else old: v for old, v in record.items()} for record in self.records]
        self.key = [new if old == name else old for old in self.key]

    def add(self, name: str, kind: str, fill: Any, *, required: bool, unique: bool) -> None:
        self._demand(name not in self.columns)
        self.columns[name] = {"type": kind, "required": required, "unique": unique}
        for record in self.records:
            record[name] = fill
        self._check(name)

    def constrain(self, name: str, rules: Document, fill: Any) -> None:
        self._demand(name in self.columns and not (rules.get("required") is False and name in self.key))
        self.columns[name] |= rules
        self._demand(not isinstance(fill, str) or len(fill) <= self.columns[name].get("max_length", 99))
        for record in self.records:
            if record[name] is None and fill is not None:
                record[name] = fill
        self._check(name)

    def retype(self, name: str, kind: str) -> None:
        self._demand(name in self.columns and not (name in self.key and kind == "boolean"))
        before = self.columns[name]["type"]
        self._demand((before, kind) not in APART)
        for record in self.records:
            record[name] = None if record[name] is None else convert(record[name], before, kind)
        self.columns[name]["type"] = kind
        self._check(name)

    def set_key(self, key: list[str]) -> None:
        self._demand(len(set(key)) == len(key) and all(name in self.columns for name in key))
        self._demand(all(self.columns[name]["type"] != "boolean" for name in key))
        self.key = key
        for name in key:
            self.columns[name]["required"] = True
            self._check(name)
        self._check_different(key)

    def _check(self, name: str) -> None:
        members = self.columns[name]
        values = [record[name] for record in self.records if record[name] is not None]
        self._demand(not members["required"] or len(values) == len(self.records))
        self._demand("max_length" not in members or members["type"] == "text")
        self._demand(all(len(value) <= members.get("max_length", 99) for value in values if isinstance(value, str)))
        if members["unique"]:
            self._check_different([name])
        if name in self.key:
            self._check_different(self.key)

    def _check_different(self, names: list[str]) -> None:
        rows = [tuple(record[name] for name in names) for record in self.records]
        given = [row for row in rows if None not in row]
        self._demand(not names or len(set(given)) == len(given))

    def _demand(self, fact: bool) -> None:
        if not fact:
            raise Refused


def convert(value: Any, before: str, after: str) -> Any:
    """Convert a value to another type, as JSON shows both."""
    if before == after:
        return value
    if after == "text":
        return str(value).lower() if before == "boolean" else f"{value:g}" if before == "number" else str(value)
    if before == "text":
        value = value.strip()
        if not value:
            return None
    if after == "boolean":
        if before in ("text", "integer") and str(value) in ("0", "1", "true"):
            return str(value) != "0"
        raise Refused
    if before == "boolean":
        if after == "integer":
            return int(value)
        raise Refused
    return _as_number(str(value), after, written=before == "text")


def _as_number(text: str, after: str, *, written: bool) -> Any:
    """A number of another type, equal to the one that a text is; a text has to be written as one of that type."""
    schema = {
        "integer": r"-?(0|[1-9]\d*)(\.0+)?",
        "decimal": r"-?(0|[1-9]\d*)(\.\d)?",
        "number": r"-?(0|[1-9]\d*)(\.\d+)?",
    }
    if written and not re.fullmatch(schema[after], text):
        raise Refused
    exact = Decimal(text)
    if after == "number":
        return float(exact)
    if after == "integer":
        if exact != int(exact):
            raise Refused
        return int(exact)
    if exact != round(exact, 1) or abs(exact) >= 10_000:
        raise Refused
    return f"{exact + 0:.1f}"


names = st.sampled_from(NAMES)
kinds = st.sampled_from(list(MEMBERS))


def _draw_change(data: st.DataObject, model: Model) -> Document:
    """A body with one random change, which is applied to the model too.

    Raises:
        Refused: the model does not take it; the body is the exception's argument.
    """
    step = data.draw(st.sampled_from(["drop", "rename", "add", "constrain", "retype", "retype", "key"]))
    kind = data.draw(kinds)
    # Seldom one that is not there.
    name = data.draw(names if step == "add" else st.sampled_from([*model.columns, *model.columns, *NAMES]))
    flags = {"required": data.draw(st.booleans()), "unique": data.draw(st.booleans())}
    try:
        if step == "drop":
            body: Document = {"columns": {name: None}}
            model.drop(name)
        elif step == "rename":
            new = data.draw(names)
            body = {"columns": {name: {"name": new}}}
            model.rename(name, new)
        elif step == "add":
            fill = data.draw(st.sampled_from([None, *VALUES[kind]]))
            body = {"add_columns": [{"name": name, **MEMBERS[kind], **flags, "fill": fill}]}
            model.add(name, kind, fill, **flags)
        elif step == "constrain":
            known = model.columns.get(name, {}).get("type", "text")
            fill = data.draw(st.sampled_from([None, *VALUES[known]]))
            rules: Document = flags | ({"max_length": data.draw(st.integers(1, 4))} if known == "text" else {})
            body = {"columns": {name: {**rules, "fill": fill}}}
            model.constrain(name, rules, fill)
        elif step == "retype":
            body = {"columns": {name: MEMBERS[kind]}}
            model.retype(name, kind)
        else:
            key = data.draw(st.lists(names, max_size=2))
            body = {"key": key}
            model.set_key(key)
    except Refused:
        raise Refused(body) from None
    return body


def _draw_records(data: st.DataObject) -> tuple[Model, list[tuple[Any, ...]]]:
    kinds_of = data.draw(st.fixed_dictionaries(dict.fromkeys(NAMES[:3], kinds)))
    columns = {name: {"type": kind, "required": False, "unique": False} for name, kind in kinds_of.items()}
    value = {name: st.none() | st.sampled_from(VALUES[kind]) for name, kind in kinds_of.items()}
    records = data.draw(st.lists(st.fixed_dictionaries(value), max_size=4))
    rows = [tuple(_as_stored(record[name], kind) for name, kind in kinds_of.items()) for record in records]
    return Model(columns, records), rows


def _as_stored(value: Any, kind: str) -> Any:
    return Decimal(value) if kind == "decimal" and value is not None else value


class TestChanges:
    @STABLE
    @given(st.data())
    async def test_each_does_what_it_says_or_nothing(self, things: Things, data: st.DataObject) -> None:
        model, rows = _draw_records(data)
        name = f"t{next(numbers)}"
        indexes = [{"columns": [column]} for column in NAMES[:2]]
        columns = {column: MEMBERS[members["type"]] for column, members in model.columns.items()}
        await things.make(columns, rows, name=name, indexes=indexes)
        for _ in range(data.draw(st.integers(1, 8))):
            after = deepcopy(model)
            try:
                body = _draw_change(data, after)
            except Refused as refused:
                body, expected = refused.args[0], {409, 422}
            else:
                model, expected = after, {200}
            response = await things.patch(body, name=name)
            assert response.status_code in expected, (body, response.text)
            await _compare(things, name, model)
        await things.client.delete(f"/datasets/{name}?confirm={name}")


async def _compare(things: Things, name: str, model: Model) -> None:
    shown = (await things.client.get(f"/datasets/{name}")).json()
    kept = ("type", "required", "unique", "max_length")
    assert {column["name"]: {k: column[k] for k in kept if k in column} for column in shown["columns"]} == model.columns
    assert [column["name"] for column in shown["columns"]] == list(model.columns)
    assert shown["key"] == model.key
    records = await things.records(name)
    if not model.key:
        for record in records:
            del record["_id"]
    assert sorted(records, key=_in_any_order) == sorted(model.records, key=_in_any_order)
    layout = await things.layout(name)
    assert {index["name"] for index in shown["indexes"]} <= set(layout)


def _in_any_order(record: Document) -> list[tuple[str, str]]:
    return sorted((name, f"{v:g}" if type(v) in (int, float) else repr(v)) for name, v in record.items())


@pytest.mark.parametrize("value", [1, 0.5, "1.0", "x", True])
def test_the_model_leaves_a_value_of_the_same_type(value: Any) -> None:
    kind = {int: "integer", float: "number", bool: "boolean"}.get(type(value), "text")
    assert convert(value, kind, kind) == value
