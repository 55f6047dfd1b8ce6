"""Commits: the claim of a request, and whether it is done, even if its answer is lost. Pure."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field


@dataclass
class Commits:
    """The claim, and whether anything was committed, while `watch_commits` watched."""

    any: bool = False
    claims: list[str] = field(default_factory=list)


_watched: ContextVar[Commits | None] = ContextVar("commits", default=None)


@contextmanager
def watch_commits() -> Iterator[Commits]:
    """Find out whether what runs within commits anything."""
    commits = Commits()
    token = _watched.set(commits)
    try:
        yield commits
    finally:
        _watched.reset(token)


@contextmanager
def watch_nothing() -> Iterator[None]:
    """Run without a claim: servers let one request begin in the context of another."""
    token = _watched.set(None)
    try:
        yield
    finally:
        _watched.reset(token)


def note_claim(claim: str) -> None:
    """Note the claim of an Idempotency-Key under which what follows is done."""
    commits = _watched.get()
    if commits is not None:
        commits.claims.append(claim)


def pending_claims() -> Sequence[str]:
    """The claims under which nothing is committed yet."""
    commits = _watched.get()
    return [] if commits is None or commits.any else commits.claims


def note_commit() -> None:
    """Note that a write is done and stays: call it right after the statement, before anything can fail."""
    commits = _watched.get()
    if commits is not None:
        commits.any = True
