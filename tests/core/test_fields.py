from datetime import UTC, datetime, timedelta, timezone

import pytest
from pydantic import TypeAdapter, ValidationError

from app.core.fields import MAX_INTEGER, NotNegative, Positive, RequestBody, UtcTime, to_utc


class TestIntegers:
    @pytest.mark.parametrize(("kind", "least"), [(NotNegative, 0), (Positive, 1)])
    def test_they_have_64_bits(self, kind: type[int], least: int) -> None:
        adapter = TypeAdapter(kind)
        assert adapter.validate_python(least) == least
        assert adapter.validate_python(MAX_INTEGER) == MAX_INTEGER
        for value in (least - 1, MAX_INTEGER + 1):
            with pytest.raises(ValidationError):
                adapter.validate_python(value)


class TestUtcTime:
    def test_another_zone_becomes_utc(self) -> None:
        value = TypeAdapter(UtcTime).validate_python("2026-01-31T12:00:00+02:00")
        assert (value, value.tzinfo) == (datetime(2026, 1, 31, 10, tzinfo=UTC), UTC)

    def test_without_a_zone_it_is_refused(self) -> None:
        with pytest.raises(ValueError, match="must have a zone"):
            to_utc(datetime(2026, 1, 31))  # noqa: DTZ001  # that it has no zone is the point

    def test_outside_of_the_calendar_too(self) -> None:
        with pytest.raises(ValueError, match="years 1 to 9999"):
            to_utc(datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=1))))


class TestRequestBody:
    def test_a_member_that_does_not_exist_is_a_mistake(self) -> None:
        with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
            RequestBody.model_validate({"a": 1})
