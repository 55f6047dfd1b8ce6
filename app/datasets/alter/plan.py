"""The statements that bring a dataset's table from one definition to another, records and all. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.columns.column import ROW_ID, Column
from app.core.database.names import DATA_SCHEMA, quote
from app.datasets.alter.conversions import find_conversion
from app.datasets.alter.diff import GONE, Change
from app.datasets.definition import Definition
from app.datasets.tables import Attachment, comment, constraints, indexes, literal


@dataclass(frozen=True)
class Restructuring:
    """Statements in their order; between `columns` and `required` the records are checked.

    `created` are the constraints and indexes to build, `dropped` those to drop at the end: columns stay until then, so
    that records can be identified by their former key.
    """

    columns: Sequence[str]
    required: Sequence[str]
    created: Sequence[Attachment]
    dropped: Sequence[str]

    @property
    def touches_table(self) -> bool:
        return bool(self.columns or self.required or self.created or self.dropped)


def plan_restructuring(table: str, change: Change) -> Restructuring:
    """Plan the statements that change a table to a new definition."""
    stays, gone, created = _compare_attachments(table, change)
    columns = [*_rename_columns(table, change), *_alter_columns(table, change)]
    # Dropping locks readers out until the transaction ends: it comes last unless something has to wait for it.
    names = {attachment.name for attachment in created}
    first = gone if columns else [attachment for attachment in gone if attachment.name in names]
    last = [attachment for attachment in gone if attachment not in first]
    return Restructuring(
        columns=[
            *(attachment.drop(DATA_SCHEMA, table) for attachment in first),
            *_rename_attachments(table, stays),
            *columns,
        ],
        required=_require_columns(table, change),
        created=created,
        dropped=[
            *(attachment.drop(DATA_SCHEMA, table) for attachment in last),
            *_drop_columns(table, change),
            *_comments(table, change),
        ],
    )


def _compare_attachments(
    table: str, change: Change
) -> tuple[list[tuple[Attachment, str]], list[Attachment], list[Attachment]]:
    """Sort attachments into those that stay, with their new names, those to drop and those to build.

    Those on a column of another type are built again: values that differed may be the same now.
    """
    retyped = {after.name for _, after in change.retyped}
    wanted = {(new.name, new.definition): new for new in _attachments(table, change.after)}
    stays: list[tuple[Attachment, str]] = []
    gone: list[Attachment] = []
    before = _attachments(table, change.before)
    for old, now in zip(before, _attachments(table, change.renamed), strict=True):
        if retyped.isdisjoint(now.columns) and wanted.pop((now.name, now.definition), None) is not None:
            stays.append((old, now.name))
        else:
            gone.append(old)
    return stays, gone, list(wanted.values())


def _attachments(table: str, definition: Definition) -> list[Attachment]:
    return [*constraints(table, definition), *indexes(table, definition)]


def _rename_attachments(table: str, stays: Sequence[tuple[Attachment, str]]) -> list[str]:
    steps = _in_steps([(attachment.name, name) for attachment, name in stays])
    by_name = {attachment.name: attachment for attachment, _ in stays}
    return [by_name[old.removeprefix(GONE)].rename(DATA_SCHEMA, table, old, new) for old, new in steps]


def _in_steps(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Renamings in an order in which no name is taken: by way of a third name if they exchange theirs."""
    changed = [(old, new) for old, new in pairs if old != new]
    taken = {old for old, _ in changed}
    detours = [(old, new) for old, new in changed if new in taken]
    direct = [(old, new) for old, new in changed if new not in taken]
    return [
        *((old, f"{GONE}{old}") for old, _ in detours),
        *direct,
        *((f"{GONE}{old}", new) for old, new in detours),
    ]


def _rename_columns(table: str, change: Change) -> list[str]:
    return [
        f"ALTER TABLE {quote(DATA_SCHEMA, table)} RENAME COLUMN {quote(old)} TO {quote(new)}"
        for old, new in _in_steps(change.names)
    ]


def _alter_columns(table: str, change: Change) -> list[str]:
    """One statement, so that the records are rewritten only once, and one that drops the temporary defaults."""
    actions = [_retype(before, after) for before, after in change.retyped if before.sql_type != after.sql_type]
    actions += [
        f"ALTER COLUMN {quote(after.name)} DROP NOT NULL"
        for before, after in change.stays
        if before.required and (not after.required or after in change.refilled)
    ]
    for column in change.added:
        fill = change.fills.get(column.name)
        default = "" if fill is None else f" DEFAULT CAST({literal(fill)} AS {column.sql_type})"
        actions.append(f"ADD COLUMN {quote(column.name)} {column.sql_type}{default}")
    if change.before.key and not change.after.key:
        actions.append(f"ADD COLUMN {quote(ROW_ID)} bigint GENERATED BY DEFAULT AS IDENTITY")
    filled = [column.name for column in change.added if column.name in change.fills]
    return [
        *_alter_table(table, actions),
        *_alter_table(table, [f"ALTER COLUMN {quote(name)} DROP DEFAULT" for name in filled]),
        *_change_images(table, change),
    ]


def _change_images(table: str, change: Change) -> list[str]:
    """One statement that makes texts images, or images texts: an ALTER TABLE may look nothing up."""
    changes = []
    for before, after in change.retyped:
        if before.kind.is_image or after.kind.is_image:
            conversion = find_conversion(before, after, quote("record", after.name), table)
            assert conversion is not None
            changes.append(f"{quote(after.name)} = {conversion.result}")
    return [f"UPDATE {quote(DATA_SCHEMA, table)} AS record SET {', '.join(changes)}"] if changes else []


def _retype(before: Column, after: Column) -> str:
    conversion = find_conversion(before, after, quote(after.name))
    assert conversion is not None
    return f"ALTER COLUMN {quote(after.name)} TYPE {after.sql_type} USING {conversion.result}"


def _require_columns(table: str, change: Change) -> list[str]:
    optional = [after for before, after in change.stays if not before.required or after in change.refilled]
    optional += change.added
    return _alter_table(
        table, [f"ALTER COLUMN {quote(column.name)} SET NOT NULL" for column in optional if column.required]
    )


def _drop_columns(table: str, change: Change) -> list[str]:
    names = [*change.dropped, *([ROW_ID] if change.after.key and not change.before.key else [])]
    return _alter_table(table, [f"DROP COLUMN {quote(name)}" for name in names])


def _alter_table(table: str, actions: Sequence[str]) -> list[str]:
    return [f"ALTER TABLE {quote(DATA_SCHEMA, table)} {', '.join(actions)}"] if actions else []


def _comments(table: str, change: Change) -> list[str]:
    changed = [after for before, after in change.stays if before.label != after.label]
    added = [column for column in change.added if column.label is not None]
    return [comment(DATA_SCHEMA, table, column) for column in (*changed, *added)]
