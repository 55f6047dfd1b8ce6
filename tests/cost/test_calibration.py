from app.cost.calibration import load_calibration
from app.cost.workload import KINDS, REFUSED, STORES


class TestCalibration:
    def test_every_kind_of_request_of_each_store_is_measured(self) -> None:
        found = load_calibration()
        for store in STORES:
            assert found.requests[store].keys() == KINDS.keys() - REFUSED[store]
            assert found.imports[store].worker_seconds > 0

    def test_it_says_when_and_on_which_machine(self) -> None:
        found = load_calibration()
        assert found.date.startswith("20")
        assert found.machine

    def test_no_time_is_negative(self) -> None:
        for kinds in load_calibration().requests.values():
            for one in kinds.values():
                assert min(one.function_ms, one.server_ms, one.first_ms, one.response_bytes) > 0
                assert min(one.database_ms, one.wal_bytes, one.item_bytes) >= 0
