"""Number style: how the numbers of one column are written.

Pure: no I/O.
"""

import re
from dataclasses import dataclass
from functools import cached_property

from app.columns.conventions import Conventions as ColumnConventions
from app.imports.values.cells import Conventions


@dataclass(frozen=True)
class NumberStyle:
    """A number style: decimal separator, thousands separator and units; whether (5) and 5- are negative.

    A space stands for any sort of space, an apostrophe for the typographic one too.
    """

    point: str = "."
    thousands: str = ""
    units: tuple[str, ...] = ()
    accounting: bool = False

    @cached_property
    def pattern(self) -> str:
        """A regular expression of such numbers, their units and the signs of accountants taken away."""
        whole = r"(?:0|[1-9][0-9]*)"
        if self.thousands:
            mark = re.escape(self.thousands)
            groups = rf"[1-9][0-9]{{0,2}}(?:{mark}[0-9]{{3}})+"
            if self.thousands == ",":
                # As in India: 12,34,567.
                groups += r"|[1-9][0-9]?(?:,[0-9]{2})+,[0-9]{3}"
            whole = rf"(?:0|{groups}|[1-9][0-9]*)"
        return rf"^(?:-?{whole}?(?:{re.escape(self.point)}[0-9]+)?(?:[eE][+-]?[0-9]{{1,4}})?|NaN|-?Infinity)$"

    @property
    def example(self) -> str:
        """A number in this style, for people."""
        text = f"1{self.thousands}234{self.point}50"
        return f"{text} {self.units[0]}" if self.units else text


# As JSON has them.
JSON_STYLE = NumberStyle()


def style_of(column: ColumnConventions, conventions: Conventions) -> NumberStyle:
    """The style that a column's numbers are read in: what the file's options say goes before what the column knows."""
    point = conventions.decimal_separator or column.decimal_separator
    thousands = conventions.thousands_separator or column.thousands_separator or ""
    if thousands and thousands == point:
        # One of them was given for this file, against what the column knows.
        if conventions.thousands_separator:
            point = None
        else:
            thousands = ""
    point = point or ("," if thousands == "." else ".")
    units = conventions.units or column.units or ()
    return NumberStyle(point, thousands, units, bool(column.accounting))
