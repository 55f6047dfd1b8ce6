"""A change of a dataset's definition: what it was, what it is to be, and which column became which. Pure."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic import ValidationError

from app.columns.column import Column
from app.columns.types.numbers import NOT_FINITE
from app.columns.types.registry import TYPES
from app.core.errors import RequestInvalid, did_you_mean
from app.core.strict_json import write_json
from app.core.validation import misfits_of_members
from app.datasets.alter.conversions import find_conversion, is_retyped, target_types
from app.datasets.bodies import ColumnChange, DatasetUpdate
from app.datasets.definition import Definition, Index, declared_indexes
from app.datasets.errors import ColumnNotFound, TypeConversionNotSupported

# No column's name begins so.
GONE = "~"
# The members that not every type has: they are dropped where a column gets a type without them.
_OF_SOME_TYPES = frozenset(name for kind in TYPES.values() for name in kind.members)


@dataclass(frozen=True)
class Change:
    """A definition and its changed state.

    `kept` has the name that each column has afterwards, or None if it is dropped, by its former name. `fills` has the
    texts of the values for records without one, by the column's new name.
    """

    before: Definition
    after: Definition
    kept: dict[str, str | None]
    fills: dict[str, str]

    @cached_property
    def renamed(self) -> Definition:
        """The definition before, by the new names; a dropped column has a name that no column can have."""
        names = {name: new or f"{GONE}{number}" for number, (name, new) in enumerate(self.kept.items())}
        columns = tuple(column.model_copy(update={"name": names[column.name]}) for column in self.before.columns)
        indexes = tuple(_rename_index(index, names) for index in self.before.indexes)
        return Definition(columns, tuple(names[name] for name in self.before.key), indexes)

    @property
    def names(self) -> list[tuple[str, str]]:
        """The old and the new name of each column, in `renamed`."""
        return [(old.name, new.name) for old, new in zip(self.before.columns, self.renamed.columns, strict=True)]

    @property
    def dropped(self) -> list[str]:
        """The names, in `renamed`, of the columns that are dropped."""
        known = self.after.by_name
        return [column.name for column in self.renamed.columns if column.name not in known]

    @cached_property
    def stays(self) -> list[tuple[Column, Column]]:
        """Each column that stays, by its name of afterwards: as it was and as it is."""
        known = self.after.by_name
        return [(column, known[column.name]) for column in self.renamed.columns if column.name in known]

    @property
    def retyped(self) -> list[tuple[Column, Column]]:
        """Of those that stay, the ones whose type changes."""
        return [(before, after) for before, after in self.stays if is_retyped(before, after)]

    @property
    def refilled(self) -> list[Column]:
        """The columns whose texts may become null, and then get a value, though they are required."""
        return [after for before, after in self.retyped if before.kind.is_text and after.name in self.fills]

    @property
    def added(self) -> list[Column]:
        """The columns that were not there."""
        stays = {after.name for _, after in self.stays}
        return [column for column in self.after.columns if column.name not in stays]

    @property
    def changes_key(self) -> bool:
        """Return whether the key changes: other columns, or columns of another type."""
        retyped = {after.name for _, after in self.retyped}
        return self.after.key != self.renamed.key or not retyped.isdisjoint(self.after.key)

    @property
    def changes_anything(self) -> bool:
        return self.before != self.after or bool(self.fills)


def plan_change(before: Definition, update: DatasetUpdate) -> Change:
    """Apply an update to a definition.

    Raises:
        ColumnNotFound: it changes a missing column.
        TypeConversionNotSupported: no value of a column's type can be one of its new type.
        RequestInvalid: the result is inconsistent.
    """
    known = before.by_name
    if unknown := [name for name in update.columns if name not in known]:
        raise ColumnNotFound(
            " ".join(f"There is no column '{name[:100]}'.{did_you_mean(name, known)}" for name in unknown[:10]),
            hint=f"The columns are {', '.join(known) or 'not settled yet'}. New ones go into `add_columns`.",
        )
    kept: dict[str, str | None] = {}
    columns: list[Column] = []
    for column in before.columns:
        change = update.columns.get(column.name, ColumnChange())
        merged = None if change is None else _merge(column, change)
        kept[column.name] = None if merged is None else merged.name
        columns += [] if merged is None else [merged]
    columns += [added.column for added in update.add_columns]
    after = _settle(before, update, columns, kept)
    _check_date_formats(update, kept, after)
    planned = Change(before, after, kept, _fills(update, kept, after))
    _check_types(planned)
    return planned


def _merge(column: Column, change: ColumnChange) -> Column:
    """A column with what is changed of it."""
    given = change.model_dump(exclude_unset=True, exclude={"fill"})
    for name in ("name", "type"):
        if name in given and given[name] is None:
            raise _misfit(f"columns/{column.name}/{name}", f"The {name} of '{column.name}' cannot be removed")
    members = column.model_dump(exclude_none=True)
    if (kind := given.get("type")) is not None:
        others = _OF_SOME_TYPES.difference(TYPES[kind].members)
        members = {name: value for name, value in members.items() if name not in others}
    merged = {name: value for name, value in (members | given).items() if value is not None}
    try:
        return Column.model_validate(merged)
    except ValidationError as error:
        first = misfits_of_members(error)[0]
        place = "/".join(map(str, ("columns", column.name, *first.path)))
        raise _misfit(place, f"'{column.name}': {first.message}") from None


def _misfit(path: str, message: str) -> RequestInvalid:
    return RequestInvalid(f"{message}.", errors=[{"in": "body", "path": path, "message": message}])


def _settle(
    before: Definition, update: DatasetUpdate, columns: Sequence[Column], kept: dict[str, str | None]
) -> Definition:
    """The definition of changed columns: unless given, its key and indexes follow their columns."""
    if before.columns and not columns:
        raise _misfit("columns", "A dataset keeps at least one column")
    key = tuple(update.key or ()) if "key" in update.model_fields_set else _follow_key(before, kept)
    _check_required(update, kept, key)
    columns = [column.model_copy(update={"required": True}) if column.name in key else column for column in columns]
    after = Definition(tuple(columns), key)
    if "indexes" in update.model_fields_set:
        indexes = declared_indexes(update.indexes or ())
    else:
        names = {name: new or GONE for name, new in kept.items()}
        followed = [_rename_index(index, names) for index in before.indexes]
        indexes = [index for index in followed if after.allows(index)]
    after = Definition(after.columns, key, tuple(indexes))
    try:
        after.check()
    except ValueError as error:
        message = str(error)
        raise _misfit("", f"{message[:1].upper()}{message[1:]}") from None
    return after


def _follow_key(before: Definition, kept: dict[str, str | None]) -> tuple[str, ...]:
    key = []
    for name in before.key:
        new = kept[name]
        if new is None:
            raise RequestInvalid(
                f"'{name}' cannot be dropped: the key is made of it.", hint="Give another `key` in the same request."
            )
        key.append(new)
    return tuple(key)


def _check_required(update: DatasetUpdate, kept: dict[str, str | None], key: Sequence[str]) -> None:
    for name, change in update.columns.items():
        loosened = change is not None and "required" in change.model_fields_set and not change.required
        if loosened and kept[name] in key:
            raise _misfit(f"columns/{name}/required", f"'{name}' is part of the key, which is never null")


def _rename_index(index: Index, names: dict[str, str]) -> Index:
    """An index over columns by their new names."""
    if index.columns is None:
        return index
    terms = [f"{'-' if descending else ''}{names[name]}" for name, descending in index.terms]
    return Index.model_construct(columns=tuple(terms))


def _check_date_formats(update: DatasetUpdate, kept: dict[str, str | None], after: Definition) -> None:
    """Refuse date formats for other types; a column that was created with one keeps it."""
    for name, change in update.columns.items():
        new = kept[name]
        if change is None or new is None or change.date_format is None:
            continue
        kind = after.by_name[new].type
        if "date_format" not in TYPES[kind].members:
            message = f"'{name}': `date_format` goes with date and datetime, not with {kind}"
            raise _misfit(f"columns/{name}/date_format", message)


def _fills(update: DatasetUpdate, kept: dict[str, str | None], after: Definition) -> dict[str, str]:
    known = after.by_name
    given = [(kept[name], change.fill) for name, change in update.columns.items() if change is not None]
    given += [(added.name, added.fill) for added in update.add_columns]
    return {name: _fill_text(known[name], value) for name, value in given if name is not None and value is not None}


def _fill_text(column: Column, value: Any) -> str:
    """The text, as PostgreSQL reads it, of a value in JSON."""
    try:
        if not _is_shown_so(column, value):
            raise ValueError(f"{json.dumps(value)[:200]} is not {column.kind.article} as JSON shows it")
        if not column.kind.is_document:
            return column.kind.write_sql(value)
        text = write_json(value)
        column.parse(text)
    except ValueError as error:
        raise _misfit("", f"`fill` of '{column.name}': {error}") from None
    return text


def _is_shown_so(column: Column, value: Any) -> bool:
    """Return whether a JSON value has the kind that shows values of a column."""
    kind = column.kind
    if kind.is_document:
        return True
    if isinstance(value, bool) or kind.json_type == "boolean":
        return isinstance(value, bool) and kind.json_type == "boolean"
    if isinstance(value, float):
        return kind.json_type == "number" and math.isfinite(value)
    if isinstance(value, int):
        return kind.is_number
    return isinstance(value, str) and (kind.json_type == "string" or value in NOT_FINITE)


def _check_types(change: Change) -> None:
    for before, after in change.retyped:
        if find_conversion(before, after, "value") is None:
            raise TypeConversionNotSupported(
                f"'{after.name}' is {before.type}: its values cannot become {after.type}.",
                hint=f"They can become {', '.join(target_types(before))}.",
            )
