"""The simulation compared with queues whose formulas are known."""

from math import factorial
from random import Random

import pytest

from app.cost.simulation.arrivals import daily, steady, step
from app.cost.simulation.bucket import TokenBucket
from app.cost.simulation.capacity import Database, Ramp
from app.cost.simulation.clock import Clock
from app.cost.simulation.environments import Environments, Scaling
from app.cost.simulation.processor import SharedProcessor
from app.cost.simulation.stack import Call, Seen, Stack, Traffic, send

SERVICE = 0.01
SEED = 17
REQUESTS = 100_000
# How far from its mean a seen one may be, in standard deviations.
DEVIATIONS = 3
OPEN = (1e9, 1e9)


def erlang_c(servers: int, load: float) -> float:
    """The chance to wait in M/M/c, by Erlang's formula."""
    waiting = load**servers / factorial(servers) * servers / (servers - load)
    return waiting / (sum(load**number / factorial(number) for number in range(servers)) + waiting)


def erlang_b(servers: int, load: float) -> float:
    """The chance to be refused in M/G/c/c, by Erlang's formula."""
    terms = [load**number / factorial(number) for number in range(servers + 1)]
    return terms[-1] / sum(terms)


def deviation_of_wait(busy: float) -> float:
    """The standard deviation of the mean wait of so many requests in M/M/1, as a part of the time in the system.

    Daley's formula for the sum of a queue's correlated waits; more servers at the same utilization vary less.
    """
    variance = busy * (2 + 5 * busy - 4 * busy**2 + busy**3) / (1 - busy) ** 4 / REQUESTS
    return float(variance**0.5 * (1 - busy))


def deviation_of_share(share: float) -> float:
    """The standard deviation of a share that was counted among so many requests, as a part of it."""
    return float(((1 - share) / share / REQUESTS) ** 0.5)


def simulate(rate: float, *, cores: float, most: int, is_shared: bool = True) -> Seen:
    """The callers of a machine with some cores, with exponential work, shared or each alone."""
    clock = Clock()
    scaling = Scaling(most, starts_per_second=1e9, starts_at_once=1e9, calls_per_environment=1e9)
    stack = Stack(clock, TokenBucket(*OPEN), Environments(clock, scaling), SharedProcessor(clock, cores))

    def draw(random: Random) -> Call:
        work = random.expovariate(1 / SERVICE)
        return Call(0.0, work) if is_shared else Call(work, 0.0)

    send(clock, stack, Traffic(steady(rate), REQUESTS / rate, draw), Random(SEED))
    return stack.seen


class TestQueue:
    @pytest.mark.parametrize(("cores", "busy"), [(1, 0.5), (1, 0.8), (2, 0.7), (4, 0.8), (8, 0.6)])
    def test_a_shared_processor_takes_as_long_as_m_m_c(self, cores: int, busy: float) -> None:
        rate = busy * cores / SERVICE
        seen = simulate(rate, cores=cores, most=10**6)
        expected = SERVICE + erlang_c(cores, busy * cores) * SERVICE / (cores * (1 - busy))
        tolerance = DEVIATIONS * deviation_of_wait(busy)
        assert sum(seen.times) / len(seen.times) == pytest.approx(expected, rel=tolerance)

    @pytest.mark.parametrize(("most", "load"), [(1, 0.5), (4, 3.0), (10, 7.0)])
    def test_environments_refuse_as_many_as_m_g_c_c(self, most: int, load: float) -> None:
        seen = simulate(load / SERVICE, cores=1e9, most=most, is_shared=False)
        expected = erlang_b(most, load)
        # Refusals come in runs, which vary more than independent ones.
        tolerance = DEVIATIONS * 2 * deviation_of_share(expected)
        assert seen.refusals == pytest.approx(expected, rel=tolerance)

    def test_the_same_seed_gives_the_same_times(self) -> None:
        assert simulate(50, cores=1, most=10).times == simulate(50, cores=1, most=10).times


class TestGateway:
    def test_what_is_over_its_rate_is_throttled(self) -> None:
        bucket = TokenBucket(100, 50)
        taken = sum(bucket.take(number / 1000) for number in range(10_000))
        assert taken == pytest.approx(50 + 100 * 10, abs=2)


class TestEnvironments:
    def test_starts_are_a_thousand_at_once_and_a_hundred_a_second_then(self) -> None:
        clock = Clock()
        environments = Environments(clock, Scaling(5000))
        assert sum(environments.take() is True for _ in range(3000)) == 1000
        clock.run(10)
        assert sum(environments.take() is True for _ in range(3000)) == 1000

    def test_ten_calls_a_second_each_is_the_most(self) -> None:
        clock = Clock()
        environments = Environments(clock, Scaling(5))
        taken = 0
        for number in range(1000):
            clock.run(number / 100)
            if environments.take() is not None:
                taken += 1
                environments.give_back()
        assert taken == pytest.approx(50 + 50 * 10, abs=2)

    def test_one_that_was_given_back_is_warm_until_it_was_idle_too_long(self) -> None:
        clock = Clock()
        environments = Environments(clock, Scaling(5))
        assert environments.take() is True
        environments.give_back()
        clock.run(599)
        assert environments.take() is False
        environments.give_back()
        clock.run(1300)
        assert environments.take() is True

    def test_those_kept_warm_grow_after_three_busy_minutes_and_shrink_after_fifteen(self) -> None:
        clock = Clock()
        environments = Environments(clock, Scaling(100, warm=2, warm_most=50))
        for _ in range(10):
            environments.take()
        clock.run(179)
        assert environments.warm == 2
        clock.run(181)
        assert environments.warm == 15  # ten of them busy are 70 percent
        for _ in range(10):
            environments.give_back()
        clock.run(181 + 17 * 60)
        assert environments.warm == 2


class TestDatabase:
    def test_it_grows_while_it_is_busy_and_comes_back(self) -> None:
        clock = Clock()
        database = Database(clock, Ramp(0.5, 4), 0.25)
        for _ in range(100):
            database.processor.work(0.5, lambda: None)
        clock.run(60)
        grown = database.acu
        assert 1 < grown <= 4
        clock.run(1000)
        assert database.acu == 0.5
        assert database.acu_seconds > 0.5 * 999


class TestArrivals:
    def test_a_step_and_a_day_come_to_the_rates_they_say(self) -> None:
        rising, day = step(10, 10, 60), daily(10, 1.5, day=100)
        assert (rising.rate(59), rising.rate(60), rising.most) == (10, 100, 100)
        assert (round(day.rate(0), 9), round(day.rate(50), 9)) == (5, 15)
