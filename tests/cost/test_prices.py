import pytest

from app.cost.prices import REGIONS, load_prices


class TestPrices:
    @pytest.mark.parametrize("region", REGIONS)
    def test_tiers_meet(self, region: str) -> None:
        for price in load_prices(region).values():
            assert len(price.bounds) == len(price.usd) - 1
            assert list(price.bounds) == sorted(price.bounds)
            for bound in price.bounds:
                assert price.cost(bound * (1 + 1e-12)) == pytest.approx(price.cost(bound * (1 - 1e-12)))
                assert price.cost(bound * 2) > price.cost(bound)

    def test_regions_have_the_same_prices(self) -> None:
        first, second = (load_prices(region) for region in REGIONS)
        assert {name: one.unit for name, one in first.items()} == {name: one.unit for name, one in second.items()}
