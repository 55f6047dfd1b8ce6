"""Candidates: the types other than numbers that a column may have, each with a tally of the values that misfit.

Candidates come in families of the same look. While no value has it, a family keeps one tally for all of its members.

Pure: no I/O.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from app.columns.date_formats import has_short_year
from app.columns.types.registry import TypeName
from app.imports.inference.tally import Tally
from app.imports.values import cells
from app.imports.values.cells import Conventions, Mask, to_mask
from app.imports.values.date_patterns import KNOWN_FORMATS, SHORT_FORMATS

UUID_LENGTH = 36
_DATE_LOOK = (
    r"^\s*(?:[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}|[0-9]{1,2}[ -][A-Za-z]{3,9}\.?[ -][0-9]{4}|"
    r"[A-Za-z]{3,9}\.? [0-9]{1,2}, [0-9]{4})"
)


@dataclass(frozen=True)
class Batch:
    """Further values of a column, none of them null or blank; `line_of` tells the line of one of them."""

    array: pa.Array
    line_of: Callable[[int], int]
    # Return whether all of them are numbers as JSON has them.
    is_plain: bool = False

    @cached_property
    def lower(self) -> pa.Array:
        return pc.ascii_lower(self.array.view(pa.string())).view(pa.binary())

    @cached_property
    def longest(self) -> int:
        return int(pc.max(pc.binary_length(self.array)).as_py())

    @property
    def none(self) -> Mask:
        """The mask of a type that holds none of them."""
        return np.ones(len(self.array), np.bool_)


class Candidate(Protocol):
    """A type that a column may have. `members` are those of a column of it; what is not proven is never taken."""

    tally: Tally

    @property
    def type(self) -> TypeName: ...

    @property
    def members(self) -> dict[str, Any]: ...

    @property
    def is_proven(self) -> bool: ...

    def misfits(self, batch: Batch) -> Mask | None: ...


@dataclass
class Words:
    """Booleans written as one pair of words, in any case unless the pair is given."""

    pair: tuple[str, str]
    is_given: bool
    tally: Tally
    type: TypeName = "boolean"
    met: set[bytes] = field(default_factory=set)

    @property
    def members(self) -> dict[str, Any]:
        return {"booleans": self.pair} if self.is_given else {}

    def misfits(self, batch: Batch) -> Mask | None:
        words = batch.array if self.is_given else batch.lower
        known = pa.array([word.encode() for word in self.pair], pa.binary())
        good = pc.is_in(words, known)
        if good.false_count:
            words = cells.trim(words)
            good = pc.is_in(words, known)
        if len(self.met) < len(self.pair):
            self.met |= set(pc.unique(words.filter(good)).to_pylist())
        return ~to_mask(good) if good.false_count else None

    @property
    def is_proven(self) -> bool:
        """One word alone proves nothing: NO may be a country. True and false do."""
        return self.is_given or len(self.met) == len(self.pair) or self.pair == cells.BOOLEAN_PAIRS[0]


@dataclass
class Dates:
    """Dates of one format, or, if `timezone` says of which zone, such dates with a time of day."""

    written: str
    tally: Tally
    timezone: str = ""
    is_given: bool = False
    # Return whether what is wider has joined.
    is_widened: bool = False

    @property
    def is_proven(self) -> bool:
        """A year of two digits may be a month or a day as well."""
        return self.is_given or not has_short_year(self.written)

    @property
    def type(self) -> TypeName:
        return "datetime" if self.timezone else "date"

    @property
    def members(self) -> dict[str, Any]:
        return {} if self.written == cells.ISO_DATE else {"date_format": self.written}

    def misfits(self, batch: Batch) -> Mask | None:
        if self.timezone:
            return cells.read_datetimes(batch.array, self.written, self.timezone)[1]
        return cells.read_dates(batch.array, self.written)[1]


@dataclass
class Uuids:
    """UUIDs."""

    tally: Tally
    type: TypeName = "uuid"
    members: dict[str, Any] = field(default_factory=dict)
    is_proven: bool = True

    def misfits(self, batch: Batch) -> Mask | None:
        return cells.read_uuids(batch.array)[1]


Member = TypeVar("Member", bound=Candidate)


class Family(Generic[Member]):
    """Candidates that a look of the values has in common."""

    def __init__(self, make: Callable[[Tally], list[Member]], has_look: Callable[[Batch], bool]) -> None:
        self._make = make
        self._has_look = has_look
        self._tally = Tally()
        self._is_made = False
        # Those that still may be the column's type.
        self.members: list[Member] = []

    @property
    def is_open(self) -> bool:
        """Return whether any of them may still be the column's type."""
        return bool(self.members) if self._is_made else self._tally.is_open

    @property
    def ordered(self) -> list[Member]:
        """The members in an order that does not depend on when each joined."""
        return self.members

    def update(self, batch: Batch) -> None:
        """Take further values into account."""
        if not self.is_open:
            return
        if not self._is_made and self._has_look(batch):
            self._is_made = True
            self.members = self._make(self._tally)
            for member in list(self.members if self._tally.misfits else ()):
                self._widen(member)
        if not self._is_made:
            self._tally.add(batch.array, batch.none, batch.line_of)
        # What is wider joins while the list is gone through.
        for member in self.members:
            self._update(member, batch)
        if not all(member.tally.is_open for member in self.members):
            self.members = [member for member in self.members if member.tally.is_open]

    def _update(self, member: Member, batch: Batch) -> None:
        bad = member.misfits(batch)
        if bad is not None:
            self._widen(member)
        member.tally.add(batch.array, bad, batch.line_of)

    def _widen(self, member: Member) -> None:
        """Add what holds all that the member has held so far, before its first misfit."""


class DateFamily(Family[Dates]):
    """Dates and times in every format that is known, or only in the given one."""

    def __init__(self, conventions: Conventions, given: str | None) -> None:
        formats: Sequence[str] = (given,) if given else (*KNOWN_FORMATS, *SHORT_FORMATS)
        self._formats = list(formats)
        self._timezone = conventions.timezone
        super().__init__(
            lambda tally: [Dates(written, tally.copy(), is_given=given is not None) for written in formats],
            lambda batch: given is not None or (not batch.is_plain and _look_like_dates(batch)),
        )

    @property
    def ordered(self) -> list[Dates]:
        return sorted(self.members, key=lambda member: (member.type, self._formats.index(member.written)))

    def _widen(self, member: Dates) -> None:
        # A date alone is a time too, its midnight.
        if not member.timezone and not member.is_widened:
            member.is_widened = True
            self.members.append(Dates(member.written, member.tally.copy(), self._timezone, member.is_given))


def _look_like_dates(batch: Batch) -> bool:
    return bool(pc.any(pc.match_substring_regex(batch.array, _DATE_LOOK)).as_py())


def boolean_family(pair: tuple[str, str] | None) -> Family[Words]:
    """Booleans in every pair of words that is known, or only in the given one."""
    if pair is not None:
        return Family(lambda tally: [Words(pair, True, tally.copy())], lambda _: True)
    pairs = cells.BOOLEAN_PAIRS
    words = pa.array([word.encode() for pair in pairs for word in pair], pa.binary())
    return Family(
        lambda tally: [Words(pair, False, tally.copy()) for pair in pairs],
        lambda batch: not batch.is_plain and bool(pc.any(pc.is_in(cells.trim(batch.lower), words)).as_py()),
    )


def uuid_family() -> Family[Uuids]:
    return Family(
        lambda tally: [Uuids(tally.copy())],
        lambda batch: batch.longest >= UUID_LENGTH and _look_like_uuids(batch),
    )


def _look_like_uuids(batch: Batch) -> bool:
    return bool(pc.any(pc.match_substring_regex(cells.trim(batch.array), cells.UUID)).as_py())
