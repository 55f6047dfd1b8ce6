"""Advice: the conventions by which texts that do not fit a new type would fit it, tried on the records themselves."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.exc import DBAPIError

from app.columns.column import Column
from app.core.database.errors import QUERY_CANCELED
from app.core.database.names import quote
from app.core.database.sessions import TimedSession, sql_state
from app.datasets.alter import checks
from app.datasets.alter.conversions import find_conversion
from app.datasets.alter.hints import Settings, apply_settings, describe_settings, propose_settings

# A proposal is given up if it leaves more than one in so many of the texts that did not fit.
TOLERANCE = 20
MAX_ALTERNATIVES = 3
MAX_COLUMNS = 5


@dataclass(frozen=True)
class Advice:
    """Settings for a column, any of which leaves this many of its values that do not fit."""

    column: str
    alternatives: Sequence[Settings]
    left: int

    def __str__(self) -> str:
        given = " or ".join(describe_settings(settings) for settings in self.alternatives)
        meant = ", as its values are meant" if len(self.alternatives) > 1 else ""
        but = f" but {self.left:,}" if self.left else ""
        return f"Give '{self.column}' {given} with its type{meant}: all{but} fit then."


async def find_advice(timed: TimedSession, table: str, unfit: Sequence[tuple[Column, Column, int]]) -> list[Advice]:
    """Find the conventions that make nearly all texts fit, within the time that is left.

    `unfit` has columns of texts as they were, as they are to be, and with how many texts that do not fit.
    """
    found: list[Advice] = []
    try:
        for before, after, misfits in unfit[:MAX_COLUMNS]:
            advice = await _find_advice(timed, table, before, after, misfits)
            found += [advice] if advice is not None else []
    except TimeoutError:
        pass
    except DBAPIError as error:
        if sql_state(error) != QUERY_CANCELED:
            raise
    return found


async def _find_advice(timed: TimedSession, table: str, before: Column, after: Column, misfits: int) -> Advice | None:
    misfit = _condition(before, after)
    bad = await _sample(timed, table, before, misfit)
    good = await _sample(timed, table, before, f"NOT ({misfit})")
    proposed = propose_settings(after, bad, good)
    if not proposed:
        return None
    some = f"unnest($1::text[]) AS {quote('record')}({quote(before.name)})"
    tried = await _count_misfits(timed, before, after, proposed, some, [*bad, *good])
    ranks = [(left, len(settings)) for left, settings in zip(tried, proposed, strict=True)]
    if min(tried) * TOLERANCE > len(bad):
        return None
    chosen = [settings for settings, rank in zip(proposed, ranks, strict=True) if rank == min(ranks)]
    chosen = chosen[:MAX_ALTERNATIVES]
    left = await _count_misfits(timed, before, after, chosen, checks.source_of(table))
    if min(left) * TOLERANCE > misfits:
        return None
    return Advice(after.name, [best for best, count in zip(chosen, left, strict=True) if count == min(left)], min(left))


async def _sample(timed: TimedSession, table: str, column: Column, condition: str) -> list[str]:
    return [row[0] for row in await timed.run(checks.select_sample(table, column, condition))]


async def _count_misfits(
    timed: TimedSession, before: Column, after: Column, proposed: Sequence[Settings], source: str, *values: list[str]
) -> list[int]:
    """Count the values of a source that would not fit, for each of the settings."""
    columns = [apply_settings(after, settings) or after for settings in proposed]
    counts = ", ".join(f"count(*) FILTER (WHERE {_condition(before, column)})" for column in columns)
    return list((await timed.run(f"SELECT {counts} FROM {source}", *values)).one())


def _condition(before: Column, after: Column) -> str:
    """The SQL condition of a text that is not a value of a column's new type."""
    value = quote("record", before.name)
    conversion = find_conversion(before, after, value)
    assert conversion is not None
    assert isinstance(conversion.fits, str)
    return checks.unconvertible(value, conversion.fits)
