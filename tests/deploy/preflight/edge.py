"""An account whose answers can be set one by one; the others are the emulator's."""

from collections.abc import Mapping
from typing import Any

from app.deploy.preflight.account import Account, Refused

Answers = Mapping[tuple[str, str], Any]


class Edge:
    """An account at whose edge some answers are set; without an account beyond, nothing else is answered."""

    def __init__(self, answers: Answers, beyond: Account | None = None, region: str = "eu-west-1") -> None:
        self.region = region
        self.answers = answers
        self._beyond = beyond

    def ask(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        """The answer that is set, or the emulator's."""
        if (service, operation) in self.answers:
            answer = self.answers[service, operation]
            answer = answer(**parameters) if callable(answer) else answer
            if isinstance(answer, Refused):
                raise answer
            found: dict[str, Any] = answer
            return found
        if self._beyond is None:
            raise Refused("AccessDenied", f"{service} {operation}")
        return self._beyond.ask(service, operation, **parameters)

    def download(self, url: str) -> bytes:
        """The bytes that are set for an address."""
        if ("download", url) not in self.answers and self._beyond is not None:
            return self._beyond.download(url)
        content: bytes = self.answers["download", url]
        return content
