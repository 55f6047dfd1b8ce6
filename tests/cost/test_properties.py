"""The model for every load."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.cost.break_even import LEAST_RATE, MOST_RATE, break_even
from app.cost.cheapest import find_cheapest
from app.cost.fleet import FLEETS, Fleet, fleet_bill
from app.cost.limits import find_limits
from app.cost.prices import REGIONS, load_prices
from app.cost.serverless import serverless_bill
from app.cost.workload import FRONTS, KINDS, REFUSED, STORAGES, STORES, Configuration, Workload
from tests.cost.made import CALIBRATION

EXAMPLES = settings(max_examples=100, deadline=None)
FEW_EXAMPLES = settings(max_examples=20, deadline=None)


@st.composite
def configurations(draw: st.DrawFn) -> Configuration:
    return Configuration(
        region=draw(st.sampled_from(REGIONS)),
        front=draw(st.sampled_from(FRONTS)),
        store=draw(st.sampled_from(STORES)),
        storage=draw(st.sampled_from(STORAGES)),
        memory=draw(st.integers(512, 10240)),
        min_acu=draw(st.sampled_from([0, 0.5, 1, 8])),
        max_acu=draw(st.sampled_from([8, 16, 64])),
        highly_available=draw(st.booleans()),
        warm=draw(st.integers(0, 100)),
    )


@st.composite
def workloads(draw: st.DrawFn, configuration: Configuration) -> Workload:
    kinds = sorted(set(KINDS) - REFUSED[configuration.store])
    parts = draw(st.lists(st.integers(0, 100), min_size=len(kinds), max_size=len(kinds)).filter(any))
    return Workload(
        rate=draw(st.floats(0.001, 50_000)),
        mix={kind: part / sum(parts) for kind, part in zip(kinds, parts, strict=True) if part},
        csv=draw(st.floats(0, 1e13)),
        days=draw(st.floats(0, 1000)),
        peak=draw(st.floats(1, 20)),
        hits=draw(st.floats(0, 1)),
    )


cases = configurations().flatmap(lambda one: st.tuples(workloads(one), st.just(one)))
growing = st.sampled_from(["rate", "csv", "days"])


class TestBill:
    @EXAMPLES
    @given(cases)
    def test_its_lines_add_up_to_the_total(self, case: tuple[Workload, Configuration]) -> None:
        bill = serverless_bill(*case, CALIBRATION)
        assert bill.total == pytest.approx(sum(line.usd for line in bill.lines))
        assert sum(bill.share(line) for line in bill.lines) == pytest.approx(1)
        assert all(line.usd >= 0 for line in bill.lines)

    @EXAMPLES
    @given(cases, growing, st.floats(1, 1000))
    def test_more_load_never_costs_less(self, case: tuple[Workload, Configuration], what: str, factor: float) -> None:
        workload, configuration = case
        more = replace(workload, **{what: getattr(workload, what) * factor})
        little, much = (serverless_bill(one, configuration, CALIBRATION).total for one in (workload, more))
        assert much >= little * (1 - 1e-12)

    @EXAMPLES
    @given(cases, st.sampled_from(FLEETS), st.floats(1, 1000))
    def test_more_load_never_costs_less_on_servers(
        self, case: tuple[Workload, Configuration], fleet: Fleet, factor: float
    ) -> None:
        workload, configuration = case
        more = replace(workload, rate=workload.rate * factor)
        little, much = (fleet_bill(one, configuration, fleet, CALIBRATION).total for one in (workload, more))
        assert much >= little * (1 - 1e-12)


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


class TestBreakEven:
    @FEW_EXAMPLES
    @given(cases, st.sampled_from(FLEETS))
    def test_the_bills_cross_there(self, case: tuple[Workload, Configuration], fleet: Fleet) -> None:
        workload, configuration = case

        def surplus(rate: float) -> float:
            asked = replace(workload, rate=rate)
            servers = fleet_bill(asked, configuration, fleet, CALIBRATION).total
            return serverless_bill(asked, configuration, CALIBRATION).total - servers

        found = break_even(workload, configuration, fleet, CALIBRATION)
        if found is None:
            assert surplus(MOST_RATE) <= 0
        else:
            assert surplus(found) > 0
            assert found == LEAST_RATE or surplus(found * (1 - 1e-9)) <= 0


class TestCheapest:
    @FEW_EXAMPLES
    @given(cases)
    def test_nothing_that_was_asked_costs_less(self, case: tuple[Workload, Configuration]) -> None:
        workload, configuration = case
        _, bill = find_cheapest(workload, replace(configuration, memory=1024), CALIBRATION)
        asked = serverless_bill(replace(workload, hits=0), replace(configuration, memory=1024), CALIBRATION)
        assert bill.total <= asked.total * (1 + 1e-12) or workload.hits


class TestLimits:
    @EXAMPLES
    @given(cases)
    def test_the_first_one_is_used_most(self, case: tuple[Workload, Configuration]) -> None:
        limits = find_limits(*case, CALIBRATION)
        assert limits[0].share == max(limit.share for limit in limits)
