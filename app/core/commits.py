"""Commits: whether what a request asks for has been done, whatever becomes of its answer. Pure."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass
class Commits:
    """Whether anything was committed while `watch_commits` watched."""

    any: bool = False


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


def note_commit() -> None:
    """Note that a write is done and stays: it is called right behind the statement, before anything can fail."""
    commits = _watched.get()
    if commits is not None:
        commits.any = True
