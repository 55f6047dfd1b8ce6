import pytest

from app.columns.date_formats import has_short_year, is_date_format


class TestIsDateFormat:
    @pytest.mark.parametrize("text", ["YYYY-MM-DD", "DD/MM/YYYY", "DD.MM.YY", "DD MON YYYY", "MMDDYY"])
    def test_year_month_and_day_once_each(self, text: str) -> None:
        assert is_date_format(text)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "YYYY",
            "YYYY-MM",
            "DD/DD/YYYY",
            "YYYY-MM-MON",
            "YYYY-MM-DDThh",
            "YYYY-MM-DD 00",
            "yyyy-mm-dd",
            "DDMMMYYYY",
        ],
    )
    def test_others_are_no_formats(self, text: str) -> None:
        assert not is_date_format(text)


class TestHasShortYear:
    @pytest.mark.parametrize(("text", "short"), [("DD/MM/YY", True), ("DD/MM/YYYY", False), ("YY-MON-DD", True)])
    def test_two_digits_are_short(self, text: str, short: bool) -> None:
        assert has_short_year(text) is short
