from app.cost.simulation.clock import Clock
from app.cost.simulation.environments import Environments, Scaling


class TestEnvironments:
    def test_one_that_was_given_back_need_not_start(self) -> None:
        environments = Environments(Clock(), Scaling(2))
        assert environments.take() is True
        environments.give_back()
        assert environments.take() is False

    def test_more_than_there_may_be_are_refused(self) -> None:
        environments = Environments(Clock(), Scaling(2))
        assert [environments.take() for _ in range(3)] == [True, True, None]

    def test_one_that_is_idle_for_long_is_gone(self) -> None:
        clock = Clock()
        environments = Environments(clock, Scaling(2, idle_seconds=10))
        environments.take()
        environments.give_back()
        clock.run(11)
        assert environments.take() is True

    def test_warm_ones_stay(self) -> None:
        clock = Clock()
        environments = Environments(clock, Scaling(2, warm=1, idle_seconds=10))
        clock.run(30)
        assert environments.take() is False
