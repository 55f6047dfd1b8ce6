from collections.abc import Iterator

import asyncpg
import pytest
from httpx import AsyncClient

from app.core.settings import get_settings


@pytest.fixture
def absent_parts(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Settings that name a bucket and a table that do not exist."""
    monkeypatch.setenv("TOLVA_TABLE", "absent")
    monkeypatch.setenv("TOLVA_BUCKET", "absent")
    get_settings.cache_clear()
    yield
    monkeypatch.undo()
    get_settings.cache_clear()


class TestHealth:
    async def test_the_process_answers(self, anonymous: AsyncClient) -> None:
        response = await anonymous.get("/health")
        assert (response.status_code, response.json()) == (200, {"status": "ok"})


class TestReadiness:
    async def test_everything_answers(self, anonymous: AsyncClient) -> None:
        response = await anonymous.get("/ready")
        assert (response.status_code, response.json()) == (200, {"status": "ok"})

    @pytest.mark.usefixtures("absent_parts")
    async def test_what_does_not_answer_is_named(self, anonymous: AsyncClient) -> None:
        response = await anonymous.get("/ready")
        assert (response.status_code, response.json()["type"]) == (503, "/problems/service-unavailable")
        assert response.json()["detail"] == "No answer from: bucket, table."
        assert response.headers["retry-after"] == "5"

    async def test_connections_that_died_are_replaced(
        self, anonymous: AsyncClient, connections: asyncpg.Connection
    ) -> None:
        await anonymous.get("/ready")
        await connections.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tolva'"
        )
        assert (await anonymous.get("/ready")).status_code == 200
