import pytest

from app.cost.simulation.capacity import Database, Ramp
from app.cost.simulation.clock import Clock


class TestDatabase:
    def test_it_grows_while_it_is_busy_up_to_its_most(self) -> None:
        clock = Clock()
        database = Database(clock, Ramp(1, 4), cores_per_acu=1)
        database.processor.work(1000, lambda: None)
        database.processor.work(1000, lambda: None)
        database.processor.work(1000, lambda: None)
        database.processor.work(1000, lambda: None)
        clock.run(60)
        assert database.acu == pytest.approx(4)

    def test_it_goes_back_to_its_least(self) -> None:
        clock = Clock()
        database = Database(clock, Ramp(1, 4), cores_per_acu=1)
        clock.run(10)
        assert (database.acu, database.acu_seconds) == (1, 10)
