"""Flags of `tolva datasets change` and `create` as the bodies that the API takes. Pure."""

import json
from dataclasses import dataclass, field
from typing import Annotated, Any

import typer

from app.cli.arguments.column_flags import parse_type, split_names

# Their values are JSON; those of other types are written as texts in JSON, too.
TYPED_BY_JSON = ("integer", "number", "boolean", "json")

NAME = "COLUMN"
COLUMNS_PANEL = "Columns (each can be repeated)"
FILES_PANEL = "File format of a column (each can be repeated)"

Pairs = list[str]
Body = dict[str, Any]


def split_pair(pair: str, flag: str, example: str) -> tuple[str, str]:
    """Split a column's name and its value."""
    name, sign, said = pair.partition("=")
    if not (sign and name):
        raise typer.BadParameter(f"'{pair}' cannot be read; write it like {example}", param_hint=flag)
    return name.strip(), said


def fill_value(text: str, type_name: str | None) -> Any:
    """A value as JSON shows it in a column of a type."""
    if type_name not in TYPED_BY_JSON:
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _flag(flag: str, about: str, panel: str = COLUMNS_PANEL, metavar: str = "COLUMN=VALUE") -> Any:
    return typer.Option(flag, help=about, show_default=False, rich_help_panel=panel, metavar=metavar)


@dataclass(frozen=True, kw_only=True)
class ColumnFlags:
    """The flags of single columns, each as `column=value`."""

    rename: Annotated[Pairs, _flag("--rename", "Give a column another name: old=new.")]
    type: Annotated[Pairs, _flag("--type", 'Convert a column: "price=decimal(12,2)".')]
    drop: Annotated[Pairs, _flag("--drop", "Remove a column and its values.", metavar=NAME)]
    add: Annotated[Pairs, _flag("--add", "Add a column: color=text.")]
    fill: Annotated[Pairs, _flag("--fill", "The value for records without one: brand=unknown.")]
    require: Annotated[Pairs, _flag("--require", "Refuse null in a column.", metavar=NAME)]
    allow_null: Annotated[Pairs, _flag("--allow-null", "Allow null in a column.", metavar=NAME)]
    label: Annotated[Pairs, _flag("--label", 'The header that files have for it: "price=Unit price".')]
    about: Annotated[Pairs, _flag("--about", 'Its description: "price=without tax".')]
    reference: Annotated[Pairs, _flag("--reference", "The dataset whose key its values are: maker=makers.")]
    unit: Annotated[Pairs, _flag("--unit", "price=€, or share=%.", FILES_PANEL)]
    decimal_separator: Annotated[Pairs, _flag("--decimal-separator", "price=, or price=.", FILES_PANEL)]
    thousands_separator: Annotated[Pairs, _flag("--thousands-separator", "price=. or price=,", FILES_PANEL)]
    date_format: Annotated[Pairs, _flag("--date-format", "day=DD/MM/YYYY.", FILES_PANEL)]
    booleans: Annotated[Pairs, _flag("--booleans", "active=yes,no.", FILES_PANEL)]
    null: Annotated[Pairs, _flag("--null", "A text for null: price=n/a.", FILES_PANEL)]


@dataclass
class ColumnChanges:
    """The members `columns` and `add_columns` of a change, put together from flags.

    `types` has the types that the columns have now.
    """

    types: dict[str, str]
    columns: dict[str, Any] = field(default_factory=dict)
    added: dict[str, Body] = field(default_factory=dict)

    def take(self, flags: ColumnFlags) -> Body:
        """The part of the body that says what the flags do."""
        for pair in flags.add:
            name, text = split_pair(pair, "--add", "color=text")
            self.added[name] = {"name": name, **parse_type(text)}
        for pair in flags.rename:
            name, new = split_pair(pair, "--rename", "old=new")
            self._of(name)["name"] = new
        for pair in flags.type:
            name, text = split_pair(pair, "--type", "price=decimal(12,2)")
            self._of(name).update(parse_type(text))
        self._take_texts(flags)
        self._take_lists(flags)
        for name in flags.require:
            self._of(name)["required"] = True
        for name in flags.allow_null:
            self._of(name)["required"] = False
        for pair in flags.fill:
            self._fill(*split_pair(pair, "--fill", "brand=unknown"))
        for name in flags.drop:
            self.columns[name] = None
        parts = {"columns": self.columns, "add_columns": list(self.added.values())}
        return {name: part for name, part in parts.items() if part}

    def _of(self, name: str) -> Body:
        if name in self.added:
            return self.added[name]
        change: Body = self.columns.setdefault(name, {})
        return change

    def _fill(self, name: str, text: str) -> None:
        change = self._of(name)
        change["fill"] = fill_value(text, change.get("type") or self.types.get(name))

    def _take_texts(self, flags: ColumnFlags) -> None:
        """Take what is one text; an empty one removes what was said."""
        for pairs, flag, member, example in (
            (flags.label, "--label", "label", '"price=Unit price"'),
            (flags.about, "--about", "description", '"price=without tax"'),
            (flags.reference, "--reference", "references", "maker=makers"),
            (flags.decimal_separator, "--decimal-separator", "decimal_separator", "price=,"),
            (flags.thousands_separator, "--thousands-separator", "thousands_separator", "price=."),
            (flags.date_format, "--date-format", "date_format", "day=DD/MM/YYYY"),
        ):
            for pair in pairs:
                name, text = split_pair(pair, flag, example)
                self._of(name)[member] = text or None

    def _take_lists(self, flags: ColumnFlags) -> None:
        for pair in flags.booleans:
            name, text = split_pair(pair, "--booleans", "active=yes,no")
            self._of(name)["booleans"] = split_names(text) or None
        for pair in flags.unit:
            name, text = split_pair(pair, "--unit", "price=€")
            units = self._of(name).get("units") or []
            self._of(name)["units"] = [*units, text] if text else None
        for pair in flags.null:
            # An empty text can stand for null, too.
            name, text = split_pair(pair, "--null", "price=n/a")
            self._of(name).setdefault("nulls", []).append(text)


def merge(body: Body, said: Body) -> Body:
    """Merge flags into a body; the flags win."""
    merged = body | said
    for member in ("columns", "add_columns"):
        written, flagged = body.get(member), said.get(member)
        if isinstance(written, list) and isinstance(flagged, list):
            merged[member] = [*written, *flagged]
        elif isinstance(written, dict) and isinstance(flagged, dict):
            merged[member] = written | {name: _both(written.get(name), change) for name, change in flagged.items()}
    return merged


def _both(written: Any, flagged: Any) -> Any:
    """The change of a column in a body with what flags say of it; either may be None, which drops the column."""
    return written | flagged if isinstance(written, dict) and isinstance(flagged, dict) else flagged
