"""SQL statements with the values of their parameters. Pure."""

from dataclasses import dataclass
from uuid import UUID

# Texts, and the id of a caller's key.
Value = str | list[str] | UUID


@dataclass(frozen=True)
class Statement:
    """SQL and the values of its parameters."""

    text: str
    values: tuple[Value, ...] = ()
