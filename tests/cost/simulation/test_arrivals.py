from random import Random

import pytest

from app.cost.simulation.arrivals import Profile, arrivals, daily, steady, step


class TestArrivals:
    @pytest.mark.parametrize(("profile", "expected"), [(steady(50), 50_000), (step(50, 3, 500), 100_000)])
    def test_they_are_as_many_as_the_rate_says(self, profile: Profile, expected: int) -> None:
        # Five standard deviations of a Poisson process.
        count = len(list(arrivals(profile, 1000, Random(1))))
        assert abs(count - expected) < 5 * expected**0.5

    def test_they_come_in_order(self) -> None:
        moments = list(arrivals(steady(20), 50, Random(2)))
        assert moments == sorted(moments)
        assert moments[-1] < 50

    def test_a_day_has_its_peak_at_noon(self) -> None:
        profile = daily(10, 2, day=100)
        assert profile.rate(50) == pytest.approx(20) == profile.most
        assert profile.rate(0) == pytest.approx(0)
