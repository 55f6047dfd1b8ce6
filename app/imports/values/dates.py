"""Calendar: whole columns of days and times of day.

Pure: no I/O.
"""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Integers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
DAYS_IN_MONTH = np.array([0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], np.int64)


def month_numbers(names: pa.Array) -> Integers:
    """The numbers of months by their English names, whole or cut to three letters; 0 for any other word."""
    distinct = pc.dictionary_encode(pc.fill_null(names, ""))
    numbers = [_month_number(name.lower()) for name in distinct.dictionary.to_pylist()]
    return np.asarray(np.array(numbers or [0], np.int64)[distinct.indices.to_numpy()])


def _month_number(name: str) -> int:
    matching = [index for index, month in enumerate(MONTHS, 1) if name in (month, month[:3])]
    return matching[0] if matching else 0


def days_from_civil(year: Integers, month: Integers, day: Integers) -> tuple[Integers, Mask]:
    """Days since 1970-01-01 of dates of the Gregorian calendar, and which of the dates exist (year 1 to 9999).

    After Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
    """
    in_year = (month >= 1) & (month <= 12)
    safe_month = np.where(in_year, month, 1)
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    longest = DAYS_IN_MONTH[safe_month] - ((safe_month == 2) & ~leap)
    exists = in_year & (day >= 1) & (day <= longest) & (year >= 1)
    shifted = year - (safe_month <= 2)
    era = shifted // 400
    of_era = shifted - era * 400
    of_year = (153 * (safe_month + np.where(safe_month > 2, -3, 9)) + 2) // 5 + day - 1
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468, exists


def seconds_of_day(fields: dict[str, Integers], afternoon: Mask, half: pa.Array) -> tuple[Integers, Mask]:
    """Seconds since midnight, and which of the times exist; with AM or PM the hour is 1 to 12."""
    hour, minute, second = fields["hour"], fields["minute"], fields["second"]
    halved = np.asarray(pc.fill_null(pc.not_equal(half, ""), False).to_numpy(zero_copy_only=False), np.bool_)
    exists = (minute < 60) & (second < 60) & np.where(halved, (hour >= 1) & (hour <= 12), hour < 24)
    hour = np.where(halved, hour % 12 + 12 * afternoon, hour)
    return hour * 3600 + minute * 60 + second, exists
