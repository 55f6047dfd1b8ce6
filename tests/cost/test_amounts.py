import pytest

from app.cost.amounts import count, crossing, dollars, percent, rate
from app.cost.break_even import LEAST_RATE


class TestAmounts:
    @pytest.mark.parametrize(("usd", "text"), [(0.021, "0.02"), (999.994, "999.99"), (1234.5, "1,234"), (0, "0.00")])
    def test_dollars_have_cents_up_to_a_thousand(self, usd: float, text: str) -> None:
        assert dollars(usd) == text

    @pytest.mark.parametrize(
        ("quantity", "text"), [(0.1234, "0.123"), (99.96, "100"), (1500, "1.5 k"), (262_800_000, "263 M"), (2e9, "2 G")]
    )
    def test_a_number_has_three_digits(self, quantity: float, text: str) -> None:
        assert count(quantity) == text

    def test_few_requests_are_counted_by_the_hour(self) -> None:
        assert rate(5) == "5/s"
        assert rate(0.01) == "36/h"

    def test_a_crossing_says_how_many_a_month(self) -> None:
        assert crossing(None) == "never"
        assert crossing(LEAST_RATE) == "any load"
        assert crossing(1.0) == "1/s (2.63 M a month)"

    def test_a_share_has_a_decimal_if_it_is_small(self) -> None:
        assert percent(0.614) == "61%"
        assert percent(0.0123) == "1.2%"
