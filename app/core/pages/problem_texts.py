"""Problems as they are explained: from their classes alone, so that none is left out. Pure."""

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from itertools import groupby
from typing import Any

import app.core.http.edge_errors  # noqa: F401  # what answers with these is not loaded here, and they are known by this
from app.core.errors import Problem

# Python calls these as RFC 9110 does since 3.13; the page is the same with every version.
_PHRASES = {413: "Content Too Large", 422: "Unprocessable Content"}


@dataclass(frozen=True)
class Explained:
    """A problem with what it means and how to fix it."""

    slug: str
    title: str
    status: int
    meaning: str
    remedy: str

    @property
    def type(self) -> str:
        """The problem's `type`, the address of its page."""
        return f"/problems/{self.slug}"

    @property
    def reason(self) -> str:
        """The status with its phrase, such as `404 Not Found`."""
        return f"{self.status} {_PHRASES.get(self.status) or HTTPStatus(self.status).phrase}"

    @property
    def document(self) -> dict[str, Any]:
        """The JSON document for programs."""
        members = {"type": self.type, "title": self.title, "status": self.status}
        return {**members, "description": self.meaning, "hint": self.remedy}

    @property
    def example(self) -> dict[str, Any]:
        """A body of this problem."""
        members = {"type": self.type, "title": self.title, "status": self.status}
        return {
            **members,
            "detail": self.meaning,
            "hint": self.remedy,
            "request_id": "5f0c1d5a6c5f4f0d9f5e1f2a3b4c5d6e",
        }


def explain(problem: type[Problem]) -> Explained:
    """Read a problem's title, meaning and remedy from its class."""
    meaning, _, remedy = inspect.cleandoc(problem.__doc__ or "").partition("\n\n")
    return Explained(problem.slug(), problem.title, problem.status, _joined(meaning), _joined(remedy))


def explain_all() -> list[Explained]:
    """Every problem that is known, by status and type."""
    return sorted(map(explain, Problem.known.values()), key=lambda problem: (problem.status, problem.slug))


def by_reason(problems: Sequence[Explained]) -> list[tuple[str, list[Explained]]]:
    """Problems in their order, those of one status together."""
    return [(reason, list(same)) for reason, same in groupby(problems, key=lambda problem: problem.reason)]


def _joined(paragraphs: str) -> str:
    return " ".join(paragraphs.split())
