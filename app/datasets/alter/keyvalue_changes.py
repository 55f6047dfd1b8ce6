"""Which changes of a key-value dataset leave its records as they are: those that are made. Pure."""

from app.columns.column import Column
from app.columns.constraints import CONSTRAINTS
from app.datasets.alter.diff import Change
from app.datasets.errors import NotSupportedByStore
from app.datasets.keyvalue.limits import check_definition

REPLACE = (
    "Import the records again, with mode=replace, into a dataset that is created that way, or create it as relational."
)


def check_change(change: Change) -> None:
    """Raise NotSupportedByStore if a change would affect existing records."""
    check_definition(change.after)
    if not change.before.columns:
        return
    if change.kept != {name: name for name in change.kept} or change.retyped or change.changes_key or change.fills:
        raise NotSupportedByStore(
            "A key-value dataset's columns are not renamed, retyped, dropped or filled, and its key is not changed.",
            hint=REPLACE,
        )
    for column in change.added:
        if column.required:
            raise NotSupportedByStore(
                f"'{column.name}' is required, and the records that are there have no value for it.", hint=REPLACE
            )
    for before, after in change.stays:
        for code in CONSTRAINTS:
            if not _is_looser(code, before, after):
                raise NotSupportedByStore(
                    f"`{code}` of '{after.name}' may not fit the records that are there, which are not looked through.",
                    hint="You can only loosen constraints. " + REPLACE,
                )


def _is_looser(code: str, before: Column, after: Column) -> bool:
    """Return whether each value that met a constraint of a column before meets it now."""
    old, new = getattr(before, code), getattr(after, code)
    if new == old or new is None or new is False:
        return True
    return old is not None and CONSTRAINTS[code].is_looser(after.kind, old, new)
