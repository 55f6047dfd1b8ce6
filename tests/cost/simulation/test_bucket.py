from app.cost.simulation.bucket import TokenBucket


class TestTokenBucket:
    def test_a_burst_is_taken_at_once_and_then_the_rate(self) -> None:
        bucket = TokenBucket(2, 3)
        assert [bucket.take(0.0) for _ in range(4)] == [True, True, True, False]
        assert [bucket.take(0.5), bucket.take(0.5)] == [True, False]

    def test_it_never_holds_more_than_a_burst(self) -> None:
        bucket = TokenBucket(100, 2)
        assert [bucket.take(60.0) for _ in range(3)] == [True, True, False]
