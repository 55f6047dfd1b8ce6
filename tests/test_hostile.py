"""Every 5xx is a bug: each request to any route is served or refused."""

import random

import pytest

from app.main import create_app
from tests.conftest import ADMIN_KEY
from tests.hostile_requests import Hostile, find_fault

REQUESTS = 1000
PREPARED_EVERY = 250


@pytest.mark.usefixtures("database_url")
class TestEveryRoute:
    async def test_no_request_is_a_fault(self) -> None:
        hostile = Hostile(create_app(), ADMIN_KEY, random.Random(13))
        faults = []
        routes = set()
        for number in range(REQUESTS):
            if number % PREPARED_EVERY == 0:
                await hostile.prepare()
            request = hostile.make()
            routes.add(request.route)
            fault = find_fault(request, await hostile.send(request))
            if fault is not None:
                faults.append((fault, request))
        assert not faults, faults[:3]
        assert len(routes) >= 20
