"""The local half of the drill: both stores and the files are restored by their own means, and compared."""

import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
from httpx import AsyncClient

from app.core.aws.clients import client as aws
from app.core.settings import get_settings
from app.deploy.drill.__main__ import main
from app.local.services.postgres import find_binaries
from tests.api_process import api_process
from tests.conftest import ADMIN_KEY
from tests.records.conftest import Make, make

__all__ = ["make"]
COLUMNS: list[dict[str, Any]] = [{"name": "sku", "type": "text"}, {"name": "stock", "type": "integer"}]
COPY = "tolva_drill"
HEADERS = {"Authorization": f"Bearer {ADMIN_KEY}"}


def dump_and_restore(url: str) -> str:
    """Restore a dump of a database into a second one on its server; return that one's URL."""
    restored = urlunsplit(urlsplit(url)._replace(path=f"/{COPY}"))
    binaries = find_binaries()
    subprocess.run([binaries / "psql", "-qc", f"CREATE DATABASE {COPY}", url], check=True)
    dump = subprocess.run([binaries / "pg_dump", "-Fc", url], check=True, capture_output=True).stdout
    subprocess.run([binaries / "pg_restore", "--exit-on-error", "-d", restored], input=dump, check=True)
    return restored


async def copy_table(source: str, target: str) -> None:
    """Restore a table's items into another table, as a restore to a moment does."""
    dynamodb = await aws("dynamodb")
    keys: Any = [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")]
    schema: Any = [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]
    await dynamodb.create_table(
        TableName=target, AttributeDefinitions=keys, KeySchema=schema, BillingMode="PAY_PER_REQUEST"
    )
    async for page in dynamodb.get_paginator("scan").paginate(TableName=source):
        for item in page["Items"]:
            await dynamodb.put_item(TableName=target, Item=item)


@pytest.fixture
async def filled(client: AsyncClient, make: Make) -> None:
    """A dataset in each store, with records."""
    for name, store in (("tabled", "relational"), ("mapped", "keyvalue")):
        await make(name, COLUMNS, key=["sku"], store=store)
        records = [{"sku": f"A{number}", "stock": number} for number in range(50)]
        assert (await client.post(f"/datasets/{name}/records", json=records)).status_code == 201


@pytest.fixture
async def restored_url(
    filled: None, database_url: str, connections: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[str]:
    """The URL of an API over what was restored."""
    moment = datetime.now(UTC)
    copy, table = dump_and_restore(database_url), f"{get_settings().table}-drill"
    await copy_table(get_settings().table, table)
    with ExitStack() as stack:
        with monkeypatch.context() as patch:
            for name, value in (("DATABASE_URL", copy), ("TABLE", table), ("TRUST_FROM", moment.isoformat())):
                patch.setenv(f"TOLVA_{name}", value)
            restored = stack.enter_context(api_process())
        yield restored.url
    await (await aws("dynamodb")).delete_table(TableName=table)
    await connections.execute(f"DROP DATABASE {COPY} WITH (FORCE)")


@pytest.fixture
def compare(restored_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The arguments that compare the API over the first database with the restored one."""
    monkeypatch.setenv("TOLVA_KEY", ADMIN_KEY)
    table = get_settings().table
    with api_process() as source:
        yield [
            *("--source", source.url, "--restored", restored_url, "--moment", datetime.now(UTC).isoformat()),
            *("--tables", table, f"{table}-drill", "--still"),
        ]


class TestDrill:
    async def test_everything_is_there_and_served(
        self, compare: list[str], restored_url: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main(compare) == 0, capsys.readouterr().out
        printed = capsys.readouterr().out
        assert ["tabled", "50", "50"] in [line.split() for line in printed.splitlines()]
        assert printed.endswith("Everything was restored.\n")
        async with AsyncClient(base_url=restored_url, headers=HEADERS, trust_env=False) as restored:
            for name in ("tabled", "mapped"):
                response = await restored.get(f"/datasets/{name}/records/A7")
                assert response.json() == {"sku": "A7", "stock": 7}

    async def test_what_is_not_there_is_named(
        self, compare: list[str], restored_url: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        async with AsyncClient(base_url=restored_url, headers=HEADERS, trust_env=False) as restored:
            assert (await restored.delete("/datasets/tabled/records/A7")).status_code == 204
        assert main(compare) == 1
        assert "'tabled' has 49 records; it had 50." in capsys.readouterr().out

    def test_a_key_is_needed(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        monkeypatch.delenv("TOLVA_KEY", raising=False)
        assert (
            main(["--source", "http://127.0.0.1:1", "--restored", "http://127.0.0.1:1", "--moment", "2026-01-01"]) == 1
        )
        assert "as TOLVA_KEY" in capsys.readouterr().err


async def test_a_deleted_file_is_restored_from_its_version(client: AsyncClient) -> None:
    s3, bucket = await aws("s3"), get_settings().bucket
    await s3.put_object(Bucket=bucket, Key="inbox/a/a.csv", Body=b"a\n1\n")
    await s3.delete_object(Bucket=bucket, Key="inbox/a/a.csv")
    found = await s3.list_object_versions(Bucket=bucket, Prefix="inbox/a/")
    (marker,) = found["DeleteMarkers"]
    await s3.delete_object(Bucket=bucket, Key=marker["Key"], VersionId=marker["VersionId"])
    answer = await s3.get_object(Bucket=bucket, Key="inbox/a/a.csv")
    assert await answer["Body"].read() == b"a\n1\n"
