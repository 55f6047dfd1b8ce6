import re
from base64 import b64encode
from hashlib import sha256
from urllib.parse import urljoin

import pytest
from httpx import ASGITransport, AsyncClient

from app.main import create_app


class TestPages:
    @pytest.mark.parametrize("path", ["/docs", "/datasets/products/docs"])
    async def test_all_they_need_is_served_from_here(self, anonymous: AsyncClient, path: str) -> None:
        page = await anonymous.get(path)
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        links = re.findall(r'<(?:link|script)[^>]* (?:src|href)="([^"]+)"', page.text)
        (icon, *others) = links
        assert icon.startswith("data:image/svg+xml,")
        assert len(others) == 2
        for link in others:
            address = urljoin(str(page.url), link)
            assert address.startswith("http://tolva.test/docs/assets/")
            asset = await anonymous.get(address)
            assert asset.status_code == 200
            assert asset.headers["cache-control"] == "public, max-age=86400"
        assert re.findall(r"\w+://", page.text) == []

    @pytest.mark.parametrize("path", ["/docs", "/datasets/products/docs"])
    async def test_they_lead_to_the_page_of_everything(self, anonymous: AsyncClient, path: str) -> None:
        page = await anonymous.get(path)
        homes = re.findall(r'<a (?:class="brand" )?href="([^"]+)"', page.text)
        assert {urljoin(str(page.url), home) for home in homes} == {"http://tolva.test/docs"}

    @pytest.mark.parametrize("path", ["/docs", "/datasets/products/docs"])
    async def test_they_ask_for_the_document_beside_them(self, anonymous: AsyncClient, path: str) -> None:
        assert 'fetch("openapi.json"' in (await anonymous.get(path)).text

    async def test_they_hold_no_data(self, client: AsyncClient, anonymous: AsyncClient) -> None:
        await client.post("/datasets", json={"name": "products"})
        existing = await anonymous.get("/datasets/products/docs")
        absent = await anonymous.get("/datasets/<script>/docs")
        assert existing.text == absent.text


def _hash(tag: str, page: str) -> str:
    (text,) = re.findall(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


class TestPolicy:
    @pytest.mark.parametrize("path", ["/docs", "/datasets/products/docs"])
    async def test_only_what_is_theirs_runs(self, anonymous: AsyncClient, path: str) -> None:
        page = await anonymous.get(path)
        policy = dict(part.split(" ", 1) for part in page.headers["content-security-policy"].split("; "))
        assert policy == {
            "default-src": "'none'",
            "script-src": f"'self' {_hash('script', page.text)}",
            "style-src": f"'self' {_hash('style', page.text)}",
            "img-src": "'self' data:",
            "connect-src": "'self'",
            "base-uri": "'none'",
            "form-action": "'none'",
            "frame-ancestors": "'none'",
        }
        # No hash allows these.
        assert re.findall(r"<[^>]+ (?:style|on\w+)=", page.text) == []

    @pytest.mark.parametrize("path", ["/docs", "/datasets/products/docs"])
    async def test_nothing_is_guessed_or_given_away(self, anonymous: AsyncClient, path: str) -> None:
        headers = (await anonymous.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-cache"

    @pytest.mark.parametrize("path", ["/docs", "/datasets/products/docs"])
    async def test_an_unchanged_one_is_not_sent_again(self, anonymous: AsyncClient, path: str) -> None:
        first = await anonymous.get(path)
        again = await anonymous.get(path, headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["content-security-policy"] == first.headers["content-security-policy"]

    async def test_one_answer_leaves_nothing_in_the_next(self, anonymous: AsyncClient) -> None:
        first, second = await anonymous.get("/docs"), await anonymous.get("/docs")
        assert len(first.headers.get_list("x-request-id")) == len(second.headers.get_list("x-request-id")) == 1
        assert first.headers["x-request-id"] != second.headers["x-request-id"]


class TestStart:
    @pytest.mark.parametrize("accept", ["text/html,application/xhtml+xml,*/*;q=0.8", "*/*", ""])
    async def test_it_leads_to_the_page_of_everything(self, anonymous: AsyncClient, accept: str) -> None:
        answer = await anonymous.get("/", headers={"Accept": accept})
        assert (answer.status_code, answer.headers["location"]) == (307, "/docs")

    async def test_programs_get_the_addresses_there_are(self, anonymous: AsyncClient) -> None:
        answer = await anonymous.get("/", headers={"Accept": "application/json"})
        assert answer.json() == {
            "name": "Tolva",
            "version": "0.1.0",
            "docs": "http://tolva.test/docs",
            "openapi": "http://tolva.test/openapi.json",
            "datasets": "http://tolva.test/datasets",
            "problems": "http://tolva.test/problems",
        }

    async def test_both_lead_below_a_gateways_path(self, database_url: str) -> None:
        transport = ASGITransport(app=create_app(), root_path="/prod")
        async with AsyncClient(transport=transport, base_url="http://tolva.test") as caller:
            assert (await caller.get("/prod/")).headers["location"] == "/prod/docs"
            links = (await caller.get("/prod/", headers={"Accept": "application/json"})).json()
            assert links["docs"] == "http://tolva.test/prod/docs"


class TestAssets:
    async def test_their_types_are_not_guessed(self, anonymous: AsyncClient) -> None:
        assert (await anonymous.get("/docs/assets/favicon.png")).headers["x-content-type-options"] == "nosniff"

    async def test_an_unchanged_one_is_not_sent_again(self, anonymous: AsyncClient) -> None:
        first = await anonymous.get("/docs/assets/swagger-ui.css")
        headers = {"If-None-Match": first.headers["etag"]}
        assert (await anonymous.get("/docs/assets/swagger-ui.css", headers=headers)).status_code == 304

    @pytest.mark.parametrize("stage", ["", "/prod"], ids=["stripped", "kept"])
    async def test_they_are_there_below_a_gateways_path(self, database_url: str, stage: str) -> None:
        transport = ASGITransport(app=create_app(), root_path="/prod")
        async with AsyncClient(transport=transport, base_url="http://tolva.test") as caller:
            assert (await caller.get(f"{stage}/docs/assets/swagger-ui.css")).status_code == 200
            assert (await caller.get(f"{stage}/docs/assets/absent.css")).status_code == 404

    @pytest.mark.parametrize("path", ["absent.js", "../core.py", "%2e%2e/core.py"])
    async def test_anything_else_is_a_404(self, anonymous: AsyncClient, path: str) -> None:
        response = await anonymous.get(f"/docs/assets/{path}")
        assert (response.status_code, response.json()["type"]) == (404, "/problems/route-not-found")
