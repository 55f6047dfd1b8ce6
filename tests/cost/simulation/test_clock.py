from app.cost.simulation.clock import Clock


class TestClock:
    def test_actions_run_in_the_order_of_their_moments_and_of_their_setting(self) -> None:
        clock, seen = Clock(), list[str]()
        clock.at(2, lambda: seen.append("late"))
        clock.at(1, lambda: seen.append("first"))
        clock.at(1, lambda: seen.append("second"))
        clock.run(1.5)
        assert (seen, clock.now) == (["first", "second"], 1.5)

    def test_an_action_may_set_another(self) -> None:
        clock, seen = Clock(), list[float]()
        clock.after(1, lambda: clock.after(1, lambda: seen.append(clock.now)))
        clock.run(3)
        assert seen == [2]
