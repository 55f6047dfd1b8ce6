"""The effect of a file on the records of a dataset, before its import."""

from dataclasses import dataclass

from app.client.api import Document


@dataclass(frozen=True)
class Comparison:
    """A dataset's records compared with a file's, matched by key.

    A dataset without a key matches none: all of the file's records count as added, and all of its own as not in the
    file.
    """

    total: int
    added: int
    changed: int
    unchanged: int
    has_key: bool

    @classmethod
    def of(cls, dataset: Document, total: int, result: Document) -> "Comparison":
        """The counts of a dry run of an upsert, or of a replacement if there is no key."""
        return cls(total, result["added"], result["changed"], result["unchanged"], bool(dataset["key"]))

    @property
    def only_here(self) -> int:
        """The records that are not in the file."""
        return max(self.total - self.changed - self.unchanged, 0)

    @property
    def rows(self) -> int:
        """The records of the file."""
        return self.added + self.changed + self.unchanged

    def describe(self) -> str:
        """The comparison as a sentence."""
        if not self.has_key:
            return (
                f"It has no key to match the file's {records(self.rows)} by. "
                f"Replaced, all of its {records(self.total)} would go, whether they are in the file or not."
            )
        return (
            f"Of the file's {records(self.rows)}, {self.added:,} would be added, {self.changed:,} would change one "
            f"that is there, and {self.unchanged:,} are there as they are. "
            f"{_count(self.only_here, 'record of the dataset is', 'records of the dataset are')} not in the file."
        )


def records(count: int) -> str:
    """So many records."""
    return _count(count, "record", "records")


def _count(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"
