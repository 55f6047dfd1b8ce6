"""The clients that generators make of a dataset's document, as docs/clients.md has them, compile and work."""

import json
import os
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import httpx
import pytest
import pytest_asyncio

from app.local.services.services import Services
from tests.api_process import api_process
from tests.conformance.packages import fetch_node_modules, fetch_python_packages, need, need_go_packages, run
from tests.conformance.shop import add_products, answers, blocks_of, shown_answers
from tests.conftest import ADMIN_KEY, empty_everything
from tests.images.rows import add_image

TYPESCRIPT = (
    "openapi-typescript and openapi-fetch",
    "hey-api",
    "orval",
    "openapi-generator, typescript-fetch",
)
# What is there already: packages, and the document.
FETCHING = ("npm install", "pip install", "go mod")
COMPILER = ["--noEmit", "--strict", "--skipLibCheck", "--target", "es2022", "--module", "esnext"]
COMPILER += ["--moduleResolution", "bundler"]


@dataclass(frozen=True)
class Shop:
    """A server with products, their document, and what plain requests are answered."""

    url: str
    document: bytes
    lines: Sequence[str]


@dataclass(frozen=True)
class Tools:
    """The folder of the packages."""

    node: Callable[[], Path]
    python: Callable[[], Path]
    cache: Path


@pytest_asyncio.fixture(scope="module")
async def shop(services: Services, connections: asyncpg.Connection) -> AsyncIterator[Shop]:
    """One server for all of them: each deletes what it adds."""
    await empty_everything(connections)
    with api_process() as process:
        image = await add_image(alt="A product")
        yield _open_shop(process.url, image.id)


def _open_shop(url: str, image: str) -> Shop:
    """Make the products, and give all of them an image, which the document then has a schema of."""
    headers = {"Authorization": f"Bearer {ADMIN_KEY}"}
    with httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=30) as client:
        add_products(client)
        photo = {"name": "photo", "type": "image", "fill": image}
        assert client.patch("/datasets/products", json={"add_columns": [photo]}).status_code == 200
        return Shop(url, client.get("/datasets/products/openapi.json").content, answers(client))


@pytest.fixture(scope="session")
def tools(request: pytest.FixtureRequest) -> Tools:
    """The packages, each kind fetched when the first test needs it."""
    cache = request.config.cache
    assert cache is not None
    return Tools(
        node=lambda: fetch_node_modules(cache.mkdir("node")),
        python=lambda: fetch_python_packages(cache.mkdir("python")),
        cache=cache.mkdir("go"),
    )


def _generate(commands: str, folder: Path, shop: Shop, path: str = "", **variables: str) -> None:
    """Do what a section of the page says with a document, but for fetching packages."""
    (folder / "products.json").write_bytes(shop.document)
    script = "\n".join(line for line in commands.splitlines() if not line.startswith(FETCHING))
    environment = {**_environment(shop), "PATH": f"{path}{os.pathsep}{os.environ['PATH']}", **variables}
    made = run([need("bash"), "-euc", script], folder, environment)
    assert made.returncode == 0, made.stdout + made.stderr


def _environment(shop: Shop) -> dict[str, str]:
    return {"KEY": ADMIN_KEY, "TOLVA": shop.url, "NO_PROXY": "127.0.0.1", "NO_COLOR": "1"}


def _check(output: str, shop: Shop) -> None:
    assert [_canonical(line) for line in output.splitlines()] == [_canonical(line) for line in shop.lines]


def _canonical(line: str) -> tuple[str, object]:
    """A line, with a list of records as one that is the same however its members are written."""
    name, _, said = line.partition(" ")
    return name, json.loads(said) if name == "filter" else said


class TestPage:
    def test_it_shows_what_plain_requests_are_answered(self, shop: Shop) -> None:
        _check("\n".join(shown_answers()), shop)


class TestTypeScript:
    @pytest.mark.parametrize("heading", TYPESCRIPT)
    def test_a_client_compiles_and_works(self, heading: str, shop: Shop, tools: Tools, tmp_path: Path) -> None:
        needs_java = heading.startswith("openapi-generator")
        self._try(heading, shop, tools, tmp_path, path=_python_path(tools, java=True) if needs_java else "")

    def test_a_client_of_the_orval_before_does_too(self, shop: Shop, tools: Tools, tmp_path: Path) -> None:
        older = "node node_modules/orval7/dist/bin/orval.js"
        self._try("orval", shop, tools, tmp_path, replace=("npx orval", older))

    def _try(
        self,
        heading: str,
        shop: Shop,
        tools: Tools,
        folder: Path,
        path: str = "",
        replace: tuple[str, str] = ("", ""),
    ) -> None:
        node = need("node")
        binaries = tools.node() / "node_modules" / ".bin"
        (folder / "node_modules").symlink_to(tools.node() / "node_modules")
        blocks = blocks_of(heading)
        (folder / "orval.config.cjs").write_text(blocks.get("js", ""))
        (folder / "shop.ts").write_text(blocks["ts"])
        _generate(blocks["sh"].replace(*replace) if replace[0] else blocks["sh"], folder, shop, path)
        compiled = run([str(binaries / "tsc"), *COMPILER, "shop.ts"], folder)
        assert compiled.stdout == ""
        bundle = ["--bundle", "--platform=node", "--format=esm", "--outfile=shop.mjs", "--log-level=error"]
        bundled = run([str(binaries / "esbuild"), "shop.ts", *bundle], folder)
        assert bundled.returncode == 0, bundled.stderr
        ran = run([node, "shop.mjs"], folder, _environment(shop))
        assert ran.returncode == 0, ran.stderr
        _check(ran.stdout, shop)


class TestPython:
    @pytest.mark.parametrize("heading", ["openapi-python-client", "openapi-generator, python"])
    def test_a_client_works(self, heading: str, shop: Shop, tools: Tools, tmp_path: Path) -> None:
        blocks = blocks_of(heading)
        path = _python_path(tools, java=heading.startswith("openapi-generator"))
        (tmp_path / "shop.py").write_text(blocks["python"])
        _generate(blocks["sh"], tmp_path, shop, path)
        ran = run([str(Path(path) / "python"), "shop.py"], tmp_path, _environment(shop))
        assert ran.returncode == 0, ran.stderr
        _check(ran.stdout, shop)


class TestGo:
    def test_a_client_compiles_and_works(self, shop: Shop, tools: Tools, tmp_path: Path) -> None:
        need("go")
        blocks = blocks_of("openapi-generator, go")
        folder = tmp_path / "src" / "shop"
        folder.mkdir(parents=True)
        (folder / "shop.go").write_text(blocks["go"])
        packages = os.pathsep.join([str(tmp_path), need_go_packages()])
        variables = {"GOPATH": packages, "GO111MODULE": "off", "GOCACHE": str(tools.cache), "GOFLAGS": ""}
        *generating, running = blocks["sh"].splitlines()
        _generate("\n".join(generating), folder, shop, _python_path(tools, java=True))
        ran = run(running.split(), folder, {**variables, **_environment(shop)})
        assert ran.returncode == 0, ran.stdout + ran.stderr
        _check(ran.stdout, shop)


def _python_path(tools: Tools, *, java: bool) -> str:
    """The folder with the programs of the packages for Python; those of openapi-generator run on Java."""
    if java:
        need("java")
    return str(tools.python() / "venv" / "bin")
