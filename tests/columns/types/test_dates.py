"""Dates, and times in UTC."""

from datetime import UTC, date, datetime

import pytest

from app.columns.types.registry import TYPES

DATE, DATETIME = TYPES["date"], TYPES["datetime"]


class TestDate:
    def test_a_leap_day_comes_back(self) -> None:
        assert DATE.parse("2024-02-29") == date(2024, 2, 29)
        assert DATE.show(date(2024, 2, 29)) == '"2024-02-29"'

    @pytest.mark.parametrize("text", ["2023-02-29", "2024-1-1", "29/02/2024"])
    def test_what_no_calendar_has_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match="is not a date"):
            DATE.parse(text)


class TestDatetime:
    @pytest.mark.parametrize("text", ["2024-01-31T10:00:00+02:00", "2024-01-31T08:00:00Z", "2024-01-31T08:00"])
    def test_it_is_kept_in_utc(self, text: str) -> None:
        assert DATETIME.parse(text) == datetime(2024, 1, 31, 8, tzinfo=UTC)

    def test_it_is_shown_with_its_microseconds(self) -> None:
        assert DATETIME.show(datetime(2024, 1, 31, 8, tzinfo=UTC)) == '"2024-01-31T08:00:00.000000Z"'

    def test_a_written_day_alone_is_no_time(self) -> None:
        with pytest.raises(ValueError, match=r"^$"):
            DATETIME.read_json("2024-01-31")
