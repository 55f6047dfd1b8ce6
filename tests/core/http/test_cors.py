import logging
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from httpx import ASGITransport, AsyncClient, Response

from app.core.settings import SettingsInvalid, get_settings
from app.main import create_app
from tests.conftest import ADMIN_KEY, BASE_URL

A, B, ELSEWHERE = "https://a.example", "http://localhost:5173", "https://evil.example"


@pytest.fixture
def origins(database_url: str, setting: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Pages of A and of any port of this computer may call."""
    monkeypatch.setenv("TOLVA_CORS_ORIGINS", f"{A}, http://localhost:*")
    yield
    monkeypatch.undo()


@pytest_asyncio.fixture
async def caller(origins: None) -> AsyncIterator[AsyncClient]:
    """A caller of an application with these settings."""
    transport = ASGITransport(app=create_app(), raise_app_exceptions=False)
    async with AsyncClient(transport=transport, base_url=BASE_URL) as client:
        yield client


async def _preflight(caller: AsyncClient, origin: str, method: str = "PATCH", **headers: str) -> Response:
    asked = {"Origin": origin, "Access-Control-Request-Method": method, **headers}
    return await caller.options("/datasets/t/records/1", headers=asked)


class TestAllowed:
    @pytest.mark.parametrize("origin", [A, B])
    async def test_a_page_may_ask_for_everything_there_is(self, caller: AsyncClient, origin: str) -> None:
        wanted = "authorization,content-type,if-match,idempotency-key"
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            answer = await _preflight(caller, origin, method, **{"Access-Control-Request-Headers": wanted})
            assert answer.status_code == 200
            assert answer.headers["access-control-allow-origin"] == origin
            assert answer.headers["access-control-allow-headers"] == wanted
            assert method in answer.headers["access-control-allow-methods"].split(", ")
            assert "Origin" in answer.headers["vary"]

    async def test_it_can_read_the_answer_and_its_headers(self, caller: AsyncClient) -> None:
        answer = await caller.get("/datasets", headers={"Origin": B})
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (401, B)
        exposed = answer.headers["access-control-expose-headers"].split(", ")
        assert {"ETag", "Link", "Location", "Retry-After", "X-Request-Id", "Idempotency-Replayed"} <= set(exposed)
        assert "Origin" in answer.headers["vary"]

    async def test_no_cookies_and_no_way_into_a_private_network(self, caller: AsyncClient) -> None:
        answer = await _preflight(caller, A, **{"Access-Control-Request-Private-Network": "true"})
        assert answer.status_code == 200
        assert "access-control-allow-private-network" not in answer.headers
        assert "access-control-allow-credentials" not in answer.headers

    async def test_a_method_that_does_not_exist_is_a_problem_that_the_page_sees(self, caller: AsyncClient) -> None:
        answer = await _preflight(caller, A, "TRACE")
        assert (answer.status_code, answer.json()["type"]) == (405, "/problems/method-not-allowed")
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["access-control-allow-origin"] == A

    async def test_bodies_over_the_limit_are_refused_readably(self, caller: AsyncClient) -> None:
        headers = {"Origin": A, "Authorization": f"Bearer {ADMIN_KEY}"}
        answer = await caller.post("/datasets", content=b"x" * (get_settings().max_body_bytes + 1), headers=headers)
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (413, A)


class TestRefused:
    @pytest.mark.parametrize("origin", [ELSEWHERE, "null", "http://localhost:5173.evil.example", "", "//", "x" * 900])
    async def test_a_problem_names_the_setting(
        self, caller: AsyncClient, origin: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level(logging.WARNING, "tolva"):
            answers = [await _preflight(caller, origin), await caller.get("/health", headers={"Origin": origin})]
        for answer in answers:
            problem = answer.json()
            assert (answer.status_code, problem["type"]) == (403, "/problems/origin-not-allowed")
            assert answer.headers["content-type"] == "application/problem+json"
            assert origin[:200] in problem["detail"]
            assert "TOLVA_CORS_ORIGINS" in problem["hint"]
            assert problem["request_id"] == answer.headers["x-request-id"]
            assert "access-control-allow-origin" not in answer.headers
            assert answer.headers["vary"] == "Origin"
        logged = [record.fields for record in caplog.records if record.getMessage() == "origin.refused"]  # type: ignore[attr-defined]
        assert [(fields["origin"], fields["setting"]) for fields in logged] == [
            (origin[:200], "TOLVA_CORS_ORIGINS")
        ] * 2

    async def test_nothing_is_done_for_it(self, caller: AsyncClient) -> None:
        headers = {"Authorization": f"Bearer {ADMIN_KEY}"}
        refused = await caller.post("/datasets", json={"name": "t"}, headers={**headers, "Origin": ELSEWHERE})
        assert refused.status_code == 403
        assert (await caller.get("/datasets/t", headers=headers)).status_code == 404


class TestOwnPages:
    @pytest.mark.parametrize(
        "headers",
        [
            {"Origin": BASE_URL},
            {"Origin": "https://data.example", "X-Forwarded-Host": "data.example"},
            {"Origin": "https://data.example", "Sec-Fetch-Site": "same-origin"},
        ],
    )
    async def test_they_may_call_without_being_listed(self, caller: AsyncClient, headers: dict[str, str]) -> None:
        assert (await caller.get("/health", headers=headers)).status_code == 200

    async def test_what_is_no_browser_names_no_origin(self, caller: AsyncClient) -> None:
        answer = await caller.get("/health")
        assert (answer.status_code, answer.headers["vary"]) == (200, "Origin")


class TestSetting:
    @pytest.mark.parametrize("value", ["https://a.example/", "a.example", "*,https://a.example", "null"])
    def test_what_can_be_no_origin_stops_the_start(
        self, origins: None, monkeypatch: pytest.MonkeyPatch, value: str
    ) -> None:
        monkeypatch.setenv("TOLVA_CORS_ORIGINS", value)
        with pytest.raises(SettingsInvalid, match="TOLVA_CORS_ORIGINS: has "):
            create_app()

    async def test_every_origin_may_be_allowed(self, origins: None, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TOLVA_CORS_ORIGINS", "*")
        get_settings.cache_clear()
        async with AsyncClient(transport=ASGITransport(app=create_app()), base_url=BASE_URL) as client:
            for origin in (ELSEWHERE, "null"):
                assert (await _preflight(client, origin)).headers["access-control-allow-origin"] == "*"
                answer = await client.get("/health", headers={"Origin": origin})
                assert answer.headers["access-control-allow-origin"] == "*"
