"""The base of the types of bodies, and fields that they share, as narrow as what they are kept in. Pure."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

MAX_INTEGER = 2**63 - 1


def fits(value: int) -> int:
    """An integer that has 64 bits; ValueError if it has more."""
    if abs(value) > MAX_INTEGER:
        raise ValueError(f"must be {MAX_INTEGER:,} at most")
    return value


def to_utc(value: datetime) -> datetime:
    """A time with a zone as one in UTC.

    Raises:
        ValueError: it has no zone, or lies in a year that UTC's calendar does not have here.
    """
    if value.tzinfo is None:
        raise ValueError("must have a zone, as Z or +02:00")
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("must lie in the years 1 to 9999 in UTC") from None


# As the database keeps them: integers of 64 bits, and a time in UTC.
NotNegative = Annotated[int, Field(ge=0), AfterValidator(fits)]
Positive = Annotated[int, Field(ge=1), AfterValidator(fits)]
UtcTime = Annotated[AwareDatetime, AfterValidator(to_utc)]


class RequestBody(BaseModel):
    """The base of every body that is read: a member that does not exist is a mistake, not ignored."""

    model_config = ConfigDict(extra="forbid")
