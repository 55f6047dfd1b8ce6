"""Loader: what brings a file's rows into a store, whichever it is."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from app.columns.column import Column
from app.datasets.definition import Index
from app.datasets.models import Dataset
from app.imports.inference.pick import Picked
from app.imports.models import Mode
from app.imports.report import Rejections

# So many candidates are tried as the key.
KEY_ATTEMPTS = 3


class RowsConflict(Exception):
    """Rows conflict with each other or with records that are there; only a stage can tell which."""


@dataclass(frozen=True, kw_only=True)
class LoadPlan:
    """The plan of a load: columns, target and mode.

    `columns` and `indexes` are the dataset's, `loaded` the columns that the file has, in the file's order. They are
    `new` if the file settles them. If its key is not given then, one of `key_candidates` may become it, the likeliest
    first.
    """

    dataset: str
    mode: Mode
    columns: Sequence[Column]
    loaded: Sequence[Column]
    key: Sequence[str]
    new: bool
    staged: bool
    dry_run: bool
    # The key column of each dataset that a column references.
    references: Mapping[str, str] = field(default_factory=dict)
    indexes: Sequence[Index] = ()
    key_candidates: Sequence[str] = ()
    # Which of the file's columns are loaded, unless they are all.
    picked: Picked | None = None


@dataclass
class Counts:
    """Records added, changed and left as they were."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0


@dataclass(frozen=True)
class Loaded:
    """The outcome of a load: records, the dataset's key, and those of its indexes that its columns allow."""

    counts: Counts
    key: Sequence[str]
    indexes: Sequence[Index]


class Loader(Protocol):
    """Loads one file over one connection, inside the transaction that the caller begins and ends.

    The verbs are called in this order. `rollback` is for a load that comes to nothing, at any point.
    """

    async def copy(self, *, rows: AsyncIterator[bytes]) -> None:
        """Take the rows in, in PostgreSQL's binary format.

        Raises:
            RowsConflict: they cannot go straight into the table.
            FileValueTooLong, RecordTooWide: the store has no room for a value or a record.
        """

    def reject_conflicts(self) -> AsyncIterator[Rejections]:
        """Take the staged rows out that conflict with each other or with records that are there."""

    async def finish(self, *, key_candidates: Sequence[str]) -> Loaded:
        """Bring the rows to where they stay, still unseen.

        One of `key_candidates` becomes the key of a new dataset whose key is not given.

        Raises:
            RowsConflict: the rows of a new table conflict.
            ImportFailed: the store cannot hold them.
        """

    async def publish(self, *, dataset: Dataset) -> None:
        """Show readers what was loaded, no earlier than the transaction's commit; `dataset` is as it is then."""

    async def after_commit(self) -> None:
        """Do what the commit leaves to do; an import that is done does not fail for it."""

    async def rollback(self) -> None:
        """Undo what the end of the transaction does not undo."""
