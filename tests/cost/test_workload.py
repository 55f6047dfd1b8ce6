from app.cost.workload import CACHED, FRONTS, KINDS, MONTH_SECONDS, REFUSED, STORES, WRITES, Workload
from app.datasets.stores import STORES as OF_DATASETS


class TestWorkload:
    def test_a_month_has_730_hours(self) -> None:
        assert Workload(2, {"get": 1.0}).requests == 2 * MONTH_SECONDS == 5_256_000

    def test_no_cache_answers_a_write(self) -> None:
        assert CACHED.keys() == set(FRONTS)
        assert not any(kinds & WRITES for kinds in CACHED.values())

    def test_stores_are_those_of_datasets(self) -> None:
        assert set(STORES) == set(OF_DATASETS)
        assert {store for store in STORES if "query" not in REFUSED[store]} == {
            store for store, can in OF_DATASETS.items() if can.queries
        }
        assert set().union(*REFUSED.values()) <= KINDS.keys()
