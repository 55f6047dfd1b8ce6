"""The choice of `tolva dev FILE` for a dataset with records: nothing that loses one, unless you ask for it."""

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rich.console import Console

from app.client.api import Document
from app.local.first_import.comparison import Comparison, records
from app.local.first_import.import_document import explain_failure
from app.local.process import Watch
from app.local.terminal import Terminal

# What was asked for on the command line.
Choice = Literal["upsert", "replace"]
# `add` only adds the rows whose keys are new.
Mode = Literal["append", "add", "upsert", "replace"]


@dataclass(frozen=True)
class FileChoice:
    """A file and the dataset it is for, which holds `total` records; `is_edited` if it came from that very file."""

    file: Path
    dataset: Document
    total: int
    is_edited: bool
    console: Console
    terminal: Terminal
    watch: Watch

    @property
    def _name(self) -> str:
        return str(self.dataset["name"])

    def carry_out(self, choice: Choice, dry_run: Document) -> Mode | None:
        """The mode of what was asked for, with what it does to records said; None if it cannot be done."""
        comparison = self._compare(dry_run)
        if choice == "replace":
            known = comparison is not None and comparison.has_key
            going = f", {comparison.only_here:,} of them not in the file" if known and comparison else ""
            self._say(f"Replacing the {records(self.total)} of '{self._name}'{going}")
            return "replace"
        if not self.dataset["key"]:
            self._warn(
                f"The dataset '{self._name}' has no key, so none of its records can be updated from {self.file}: "
                "nothing was imported. With --replace the file takes the place of all its records."
            )
            return None
        if comparison:
            self._say(f"Updating '{self._name}' by key. {comparison.describe()}")
        return "upsert"

    def decide(self, dry_run: Document) -> Mode | None:
        """The mode that loses nothing, or that somebody at the terminal chooses; None for no import."""
        comparison = self._compare(dry_run)
        if comparison is None:
            self._explain(dry_run)
            return None
        if comparison.has_key and not comparison.changed and self.is_edited:
            self._say(f"{self.file} has changed since it was imported. {comparison.describe()}")
            return "add"
        return self._ask(comparison)

    def holds_all(self, dry_run: Document) -> bool:
        """Return whether the file would neither add nor change a record, and print so."""
        comparison = self._compare(dry_run)
        if comparison is None or not comparison.has_key or comparison.added or comparison.changed:
            return False
        left = comparison.only_here
        more = f", and {records(left)} that {'is' if left == 1 else 'are'} not in it" if left else ""
        self._say(f"The dataset '{self._name}' holds every record of {self.file} already{more}: nothing to do")
        return True

    def _compare(self, dry_run: Document) -> Comparison | None:
        result = dry_run["result"] if dry_run["status"] == "succeeded" else None
        return Comparison.of(self.dataset, self.total, result) if result else None

    def _explain(self, dry_run: Document) -> None:
        self._warn(
            f"The dataset '{self._name}' cannot take {self.file} as it is, so nothing was imported; Tolva goes on "
            f"without it.\n{explain_failure(dry_run)}\n"
            f"To have the file take the place of all {records(self.total)}, and of the columns: "
            f"{self._import_command('--mode replace --infer-again')}"
        )

    def _ask(self, comparison: Comparison) -> Mode | None:
        """The mode that somebody chooses; None, and what can be done, if nobody does."""
        origin = "was filled from another version of" if self.is_edited else "did not come from"
        self._warn(
            f"The dataset '{self._name}' holds {records(self.total)} and {origin} {self.file}. {comparison.describe()}"
        )
        answer = ""
        if self.terminal.can_ask():
            answer = self.terminal.ask(self.console, self._question(comparison), self.watch)
        if answer in ("r", "replace"):
            return "replace"
        if answer in ("y", "yes"):
            return "upsert" if comparison.has_key else "replace"
        self._warn(f"Nothing was imported. {self._ways_out(comparison)}")
        return None

    def _question(self, comparison: Comparison) -> str:
        if comparison.has_key:
            return "Add and change these? [y/N], or r to replace all records by the file's:"
        return f"Replace all {records(self.total)}? [y/N]:"

    def _ways_out(self, comparison: Comparison) -> str:
        start = f"tolva dev {shlex.quote(str(self.file))}"
        if comparison.has_key:
            return (
                f"To add and change these, start with `{start} --upsert`; "
                f"to have the file's records only, with `{start} --replace`."
            )
        return (
            f"To have the file's records only, start with `{start} --replace`; "
            f"to add them to those that are there: {self._import_command('--mode append')}"
        )

    def _import_command(self, options: str) -> str:
        return f"tolva import {shlex.quote(str(self.file))} --dataset {self._name} {options}"

    def _say(self, message: str) -> None:
        """Say what is as expected."""
        self.console.print(message, style="dim", markup=False)

    def _warn(self, message: str) -> None:
        """Say what somebody has to look at."""
        self.console.print(message, style="yellow", markup=False)
