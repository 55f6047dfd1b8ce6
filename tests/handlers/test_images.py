"""The function that answers with pictures, by events of each front."""

import asyncio
import base64
import json
import subprocess
import sys
from typing import Any

import pytest

from tests.handlers.events import rest_event
from tests.images.variants.served import content_path, ready

pytestmark = pytest.mark.usefixtures("database_url", "setting")

# One process of the function: it answers each event of its input, and names the modules that it has loaded then.
PROGRAM = """
import json, sys
from types import SimpleNamespace
from app.handlers.images import handler

answers = [handler(event, SimpleNamespace(aws_request_id="a")) for event in json.load(sys.stdin)]
print(json.dumps({"answers": answers, "modules": sorted(sys.modules)}))
"""


async def ask(*events: dict[str, Any]) -> dict[str, Any]:
    """The answers of a new process of the function, and its modules."""

    def run() -> str:
        command = [sys.executable, "-c", PROGRAM]
        done = subprocess.run(command, input=json.dumps(events), check=True, capture_output=True, text=True)
        return done.stdout.splitlines()[-1]

    found: dict[str, Any] = json.loads(await asyncio.to_thread(run))
    return found


def event(path: str) -> dict[str, Any]:
    """The event of a request for a path with parameters."""
    route, _, query = path.partition("?")
    parameters = dict(pair.split("=", 1) for pair in query.split("&")) if query else {}
    return rest_event("GET", route, None, None, None, **parameters)


class TestFunction:
    async def test_it_answers_with_a_picture_in_base64(self) -> None:
        row = await ready()
        (answer,) = (await ask(event(content_path(row))))["answers"]
        assert (answer["statusCode"], answer["isBase64Encoded"]) == (200, True)
        assert base64.b64decode(answer["body"])[:4] == b"RIFF"
        headers = headers_of(answer)
        assert headers["content-type"] == "image/webp"
        assert headers["cache-control"] == "public, max-age=31536000, immutable"
        assert headers["x-content-type-options"] == "nosniff"

    async def test_it_answers_by_the_path_of_the_object(self) -> None:
        row = await ready()
        paths = [f"/variants/{row.id}/{row.version}/{name}" for name in ("128.webp", "128x128.jpeg", "129.webp")]
        answers = (await ask(*map(event, paths)))["answers"]
        assert [answer["statusCode"] for answer in answers] == [200, 200, 400]

    async def test_a_url_without_a_version_leads_to_the_function_that_knows_keys(self) -> None:
        row = await ready()
        (answer,) = (await ask(event(f"/images/{row.id}/content?w=128")))["answers"]
        assert answer["statusCode"] == 307
        headers = headers_of(answer)
        assert headers["location"] == f"/images/{row.id}/link?w=128"
        assert headers["cache-control"] == "private, no-store"

    async def test_problems_and_other_paths(self) -> None:
        row = await ready()
        paths = [content_path(row, "w=1"), f"/images/{row.id}/content?v=no&w=64", "/health"]
        answers = (await ask(*map(event, paths)))["answers"]
        assert [answer["statusCode"] for answer in answers] == [400, 404, 404]
        assert {headers_of(answer)["content-type"] for answer in answers} == {"application/problem+json"}

    async def test_a_picture_that_lambda_would_not_take_is_fetched_from_the_bucket(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TOLVA_MAX_RESPONSE_BYTES", "1024")
        row = await ready()
        (answer,) = (await ask(event(content_path(row))))["answers"]
        assert answer["statusCode"] == 307
        headers = headers_of(answer)
        assert "X-Amz-Signature" in headers["location"]
        assert headers["cache-control"] == "no-store"

    async def test_it_loads_no_database_and_the_engine_with_the_first_missing_variant_alone(self) -> None:
        row = await ready()
        stored = set((await ask(event(content_path(row, "w=256"))))["modules"])
        assert stored & {"pyvips", "asyncpg", "sqlalchemy", "sqlmodel", "app.core.database.pool"} == set()
        missing = set((await ask(event(content_path(row, "w=64"))))["modules"])
        assert missing & {"pyvips"} == {"pyvips"}
        assert missing & {"asyncpg", "sqlalchemy", "sqlmodel"} == set()


def headers_of(answer: dict[str, Any]) -> dict[str, str]:
    """The headers of an answer, by names in small letters."""
    several = {name: values[0] for name, values in answer.get("multiValueHeaders", {}).items()}
    return {name.lower(): value for name, value in (several | answer["headers"]).items()}
