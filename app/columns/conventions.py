"""Conventions: how files write a column's values, as 1.234,50 € or 31/12/99; JSON never does.

Pure: no I/O, no framework but pydantic for the shapes.
"""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field

DecimalSeparator = Literal[".", ","]
# A space stands for every sort of space, an apostrophe for the typographic one too.
ThousandsSeparator = Literal[",", ".", " ", "'", "_"]

MAX_UNITS = 20
MAX_UNIT_LENGTH = 20
MAX_NULLS = 100
# What only makes sense of numbers.
OF_NUMBERS = ("decimal_separator", "thousands_separator", "units", "accounting")


def _check_unit(unit: str) -> str:
    if not 0 < len(unit) <= MAX_UNIT_LENGTH or re.search(r"[0-9.,+\-]|^\s|\s$", unit):
        raise ValueError(f"'{unit[:60]}' is no unit; write one as $ or kg, without digits, points or signs")
    return unit


Unit = Annotated[
    str,
    AfterValidator(_check_unit),
    Field(json_schema_extra={"maxLength": MAX_UNIT_LENGTH, "pattern": r"^[^\s0-9.,+\-]([^0-9.,+\-]*[^\s0-9.,+\-])?$"}),
]
Units = Annotated[tuple[Unit, ...], Field(max_length=MAX_UNITS)]
Nulls = Annotated[tuple[str, ...], Field(max_length=MAX_NULLS)]


class Conventions(BaseModel):
    """The formats of a column's values in files; those left out are as in JSON, or not known yet."""

    decimal_separator: DecimalSeparator | None = Field(None, description="the decimal separator in files")
    thousands_separator: ThousandsSeparator | None = Field(None, description="the thousands separator in files")
    units: Units | None = Field(
        None, description="text before or after a number in files that is left out, such as $ or %"
    )
    accounting: bool | None = Field(
        None, description="whether files also write a negative number as (5.00) or 5.00-, as accountants do"
    )
    booleans: tuple[str, str] | None = Field(None, description="the words for true and for false in files")
    nulls: Nulls | None = Field(None, description="strings that stand for null in files, such as NA")
    date_format: str | None = Field(
        None, max_length=40, description="the date format in files, such as DD/MM/YYYY; JSON always uses ISO 8601"
    )
