import pytest

from app.cost.comparison import FRONT_NAMES, own_costs, own_crossing, reference_load
from app.cost.fleet import FLEETS


class TestOwnCosts:
    def test_each_front_and_fleet_has_its_own(self) -> None:
        assert own_costs(10).keys() == {*FRONT_NAMES.values(), *(fleet.name for fleet in FLEETS)}

    def test_a_fleet_costs_less_from_the_crossing_on(self) -> None:
        front, fleet = FRONT_NAMES["rest"], FLEETS[0].name
        crossing = own_crossing(front, fleet)
        assert crossing is not None
        before, after = own_costs(crossing * 0.99), own_costs(crossing * 1.001)
        assert before[front] <= before[fleet]
        assert after[front] > after[fleet]

    def test_the_load_is_whole(self) -> None:
        assert sum(reference_load(5).mix.values()) == pytest.approx(1)
