"""Formats of dates, as DD/MM/YYYY, and the regular expressions that read them.

Pure: no I/O, and free of the libraries that only the worker loads.
"""

import re
from dataclasses import dataclass
from functools import cached_property

from app.columns.date_formats import TOKENS

TIME_OF_DAY = (
    # Digits after a microsecond's are zeros: nothing is lost without them.
    r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,6})0{0,3})?)?"
    r"(?P<half> ?[aApP]\.?[mM]\.?)?(?P<zone> ?(?:[zZ]|UTC|[+-](?:[01][0-9]|2[0-3])(?::?[0-5][0-9])?))?"
)
# The formats that are tried on a column nobody described, each independent of the others.
KNOWN_FORMATS = (
    "YYYY-MM-DD",
    "YYYY/MM/DD",
    "DD/MM/YYYY",
    "MM/DD/YYYY",
    "DD.MM.YYYY",
    "DD-MM-YYYY",
    "MM-DD-YYYY",
    "DD MON YYYY",
    "DD-MON-YYYY",
    "MON DD, YYYY",
)
# What these could be is said, and never taken: a date with a year of two digits is too many things.
SHORT_FORMATS = ("DD/MM/YY", "MM/DD/YY", "DD.MM.YY", "DD-MM-YY", "MM-DD-YY")
_TOKEN_REGEX = {
    "YYYY": r"(?P<year>[0-9]{4})",
    "YY": r"(?P<short>[0-9]{2})",
    "MM": r"(?P<month>[0-9]{1,2})",
    "DD": r"(?P<day>[0-9]{1,2})",
    "MON": r"(?P<name>[A-Za-z]{3,9})\.?",
}


@dataclass(frozen=True)
class Pattern:
    """A date format, as DD/MM/YYYY; one digit is taken for DD and MM too, but not in YYYY-MM-DD or YYYYMMDD."""

    text: str

    @cached_property
    def _date(self) -> str:
        parts = TOKENS.split(self.text)
        tokens = TOKENS.findall(self.text)
        regex = re.escape(parts[0])
        for token, behind in zip(tokens, parts[1:], strict=True):
            regex += _TOKEN_REGEX[token] + re.escape(behind)
        if self.text.startswith("YYYY-") or not all(parts[1:-1]):
            regex = regex.replace("{1,2}", "{2}")
        return regex

    @property
    def date_regex(self) -> str:
        return f"^{self._date}$"

    @property
    def datetime_regex(self) -> str:
        return f"^{self._date}(?:[T ]{TIME_OF_DAY})?$"
