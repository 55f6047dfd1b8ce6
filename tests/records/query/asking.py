"""Asking for records of a dataset with a column of every type, without a database."""

from typing import Any

import pytest

from app.core.errors import Problem
from app.records.errors import QueryInvalid
from app.records.query.record_query import RecordQuery, query_from_address, query_from_body
from tests.records.schemas import LIMITS, products

SHAPE = products()


def ask(address: str, **others: Any) -> RecordQuery:
    """The query of an address."""
    return query_from_address(SHAPE, address.encode(), LIMITS, **others)


def send(document: Any, **others: Any) -> RecordQuery:
    """The query of a body."""
    return query_from_body(SHAPE, document, LIMITS, **others)


def stated(query: RecordQuery) -> list[tuple[str, str, tuple[str, ...]]]:
    """A filter's conditions, without their columns' details."""
    return [(c.column.name, c.operator, c.values) for c in query.where.conditions]


def refuse(address: str, problem: type[Problem], **others: Any) -> Problem:
    """The problem that an address is."""
    with pytest.raises(problem) as raised:
        ask(address, **others)
    return raised.value


def refuse_body(document: Any, problem: type[Problem] = QueryInvalid) -> Problem:
    """The problem that a body is."""
    with pytest.raises(problem) as raised:
        send(document)
    return raised.value
