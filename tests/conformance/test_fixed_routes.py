"""The fixed routes do what the document of everything says of them."""

from pathlib import Path

from httpx import AsyncClient

from tests.conformance.conftest import CONFIGURATION, run_schemathesis
from tests.conftest import Drain
from tests.images.rows import add_image

COLUMNS = [{"name": "code", "type": "text"}, {"name": "n", "type": "integer"}]
FIXED = r"^/(imports|keys|health|ready|datasets$|datasets/\{dataset\})"


async def _announce(api: AsyncClient, content: bytes, **body: object) -> str:
    """The id of an import whose file has been uploaded."""
    made = await api.post("/datasets/everything/imports", json={"filename": "more.csv", "size": len(content), **body})
    upload = made.json()["upload"]
    async with AsyncClient(trust_env=False) as storage:
        sent = await storage.request(upload["method"], upload["url"], headers=upload["headers"], content=content)
    assert sent.status_code == 200, sent.text
    return str(made.json()["id"])


class TestFixedRoutes:
    async def test_each_answers_as_it_is_documented(self, api: AsyncClient, worker: Drain, tmp_path: Path) -> None:
        for name in ("changing", "doomed"):
            await api.post("/datasets", json={"name": name, "columns": COLUMNS, "key": ["code"]})
        finished = await _announce(api, b"code,stock\nB1,5\nB2,many\n", on_reject="skip")
        await worker()
        made = await api.post("/datasets/everything/imports", json={"filename": "later.csv"})
        configuration = tmp_path / "schemathesis.toml"
        configuration.write_text(
            f"{CONFIGURATION.read_text()}\n"
            f'[[operations]]\ninclude-method = "GET"\ninclude-path-regex = "^/imports/"\n'
            f'parameters = {{ "path.import" = "{finished}" }}\n'
            f'[[operations]]\ninclude-operation-id = "cancel_import"\n'
            f'parameters = {{ "path.import" = "{made.json()["id"]}" }}\n'
        )
        arguments = ("--include-path-regex", FIXED)
        await run_schemathesis(api, "/openapi.json", *arguments, configuration=configuration)


class TestImages:
    async def test_each_answers_as_it_is_documented(self, api: AsyncClient, tmp_path: Path) -> None:
        shown, gone = [await add_image(filename=name) for name in ("shown.jpg", "gone.jpg")]
        configuration = tmp_path / "schemathesis.toml"
        configuration.write_text(
            f"{CONFIGURATION.read_text()}\n"
            f'[[operations]]\ninclude-path-regex = "^/images/"\nexclude-operation-id = "delete_image"\n'
            f'parameters = {{ "path.image" = "{shown.id}" }}\n'
            f'[[operations]]\ninclude-operation-id = "delete_image"\n'
            f'parameters = {{ "path.image" = "{gone.id}" }}\n'
        )
        arguments = ("--include-path-regex", "^/images")
        await run_schemathesis(api, "/openapi.json", *arguments, configuration=configuration)
