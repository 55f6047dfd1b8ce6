import pytest

from app.cost.simulation.clock import Clock
from app.cost.simulation.processor import SharedProcessor


class TestSharedProcessor:
    def test_a_job_alone_has_a_core_and_no_more(self) -> None:
        clock, done = Clock(), list[float]()
        SharedProcessor(clock, 4).work(2, lambda: done.append(clock.now))
        clock.run(10)
        assert done == [2]

    def test_jobs_share_what_there_is(self) -> None:
        clock, done = Clock(), list[float]()
        processor = SharedProcessor(clock, 1)
        processor.work(1, lambda: done.append(clock.now))
        processor.work(2, lambda: done.append(clock.now))
        clock.run(10)
        # Both have half until the first is done.
        assert done == [pytest.approx(2), pytest.approx(3)]
        assert processor.used() == pytest.approx(3)

    def test_more_cores_end_them_earlier(self) -> None:
        clock, done = Clock(), list[float]()
        processor = SharedProcessor(clock, 0.5)
        processor.work(1, lambda: done.append(clock.now))
        clock.at(1, lambda: setattr(processor, "cores", 1))
        clock.run(10)
        assert done == [pytest.approx(1.5)]
