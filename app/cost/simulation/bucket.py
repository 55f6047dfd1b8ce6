"""A token bucket, as the gateway and Lambda's scaling have one."""


class TokenBucket:
    """Gives tokens: `burst` of them at once, and `rate` more each second."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate, self._burst = rate, burst
        self._tokens, self._since = burst, 0.0

    def take(self, now: float) -> bool:
        """Take a token; false if all are gone."""
        self._tokens = min(self._burst, self._tokens + (now - self._since) * self._rate)
        self._since = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
