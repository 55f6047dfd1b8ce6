from datetime import date, timedelta

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from app.imports.values.dates import days_from_civil, month_numbers, seconds_of_day

EPOCH = date(1970, 1, 1)


def _exists(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


class TestDaysFromCivil:
    @given(st.integers(0, 9999), st.integers(0, 13), st.integers(0, 32))
    def test_they_are_those_of_the_calendar(self, year: int, month: int, day: int) -> None:
        days, exists = days_from_civil(*(np.array([part], np.int64) for part in (year, month, day)))
        assert exists.tolist() == [_exists(year, month, day)]
        if exists[0]:
            assert EPOCH + timedelta(int(days[0])) == date(year, month, day)


class TestMonthNumbers:
    def test_by_names_whole_or_cut(self) -> None:
        names = pa.array(["Jan", "SEPTEMBER", "dec", "Sept", None, ""])
        assert month_numbers(names).tolist() == [1, 9, 12, 0, 0, 0]


class TestSecondsOfDay:
    def _seconds(self, hour: int, minute: int, second: int, half: str) -> int | None:
        fields = {"hour": hour, "minute": minute, "second": second}
        arrays = {name: np.array([value], np.int64) for name, value in fields.items()}
        seconds, exists = seconds_of_day(arrays, np.array([half == "pm"]), pa.array([half]))
        return int(seconds[0]) if exists[0] else None

    def test_of_24_hours(self) -> None:
        assert self._seconds(23, 59, 59, "") == 86_399
        assert self._seconds(24, 0, 0, "") is None
        assert self._seconds(0, 60, 0, "") is None
        assert self._seconds(0, 0, 60, "") is None

    def test_of_halves(self) -> None:
        assert self._seconds(12, 0, 0, "am") == 0
        assert self._seconds(12, 30, 0, "pm") == 45_000
        assert self._seconds(0, 0, 0, "am") is None
        assert self._seconds(13, 0, 0, "pm") is None
