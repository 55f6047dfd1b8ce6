"""Large imports in tests: their queue, files that are long enough, datasets of both stores."""

import json
from typing import Any
from uuid import UUID

import asyncpg
from httpx import AsyncClient

from app.core.aws.clients import client as aws_client
from app.core.settings import get_settings
from tests.imports.conftest import Importer

Document = dict[str, Any]
STORES = ("relational", "keyvalue")
QUEUE = "tolva-large-imports"
# Over the size from which an import counts as long.
ROWS = 60_000
KEYVALUE_ROWS = 6000
NAME = "things"


def make_file(rows: int, width: int) -> bytes:
    """A file of so many records with a name of this width."""
    return ("id,name\n" + "".join(f"{n},{n:0{width}}\n" for n in range(rows))).encode()


FILES = {"relational": make_file(ROWS, 30), "keyvalue": make_file(KEYVALUE_ROWS, 200)}
COUNTS = {"relational": ROWS, "keyvalue": KEYVALUE_ROWS}


async def make_queue() -> str:
    """The empty queue of large imports; its URL."""
    sqs = await aws_client("sqs")
    url: str = (await sqs.create_queue(QueueName=QUEUE, Attributes={"VisibilityTimeout": "60"}))["QueueUrl"]
    await sqs.purge_queue(QueueUrl=url)
    return url


async def asked() -> list[str]:
    """The imports that tasks are asked for, taken from the queue."""
    url = get_settings().large_imports
    assert url is not None
    return [body["import"] for body in await take_bodies(url)]


async def take_bodies(url: str) -> list[Document]:
    """The messages of a queue, taken from it."""
    sqs = await aws_client("sqs")
    found: list[Document] = []
    while messages := (await sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)).get("Messages", []):
        for message in messages:
            found.append(json.loads(message["Body"]))
            await sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found


async def make_dataset(client: AsyncClient, store: str, name: str = NAME) -> None:
    columns = [{"name": "id", "type": "integer"}, {"name": "name", "type": "text"}]
    body = {"name": name, "store": store, "key": ["id"], "columns": columns}
    assert (await client.post("/datasets", json=body)).status_code == 201


async def upload(importer: Importer, store: str, name: str = NAME) -> UUID:
    """Upload a file that takes long; its import, of which no message is left."""
    announced = await importer.announce(name, FILES[store])
    return UUID(announced["id"])


async def row_of(connection: asyncpg.Connection, import_id: UUID) -> asyncpg.Record:
    """The import in the catalogue."""
    row = await connection.fetchrow("SELECT * FROM tolva.import WHERE id = $1", import_id)
    assert row is not None
    return row


async def counts_all(client: AsyncClient, store: str, name: str = NAME) -> bool:
    """Return whether every record is there: asked for by the first, the middle and the last key."""
    keys = [0, COUNTS[store] // 2, COUNTS[store] - 1]
    answer = await client.post(f"/datasets/{name}/records/get", json={"keys": keys})
    return [record and record["id"] for record in answer.json()["data"]] == keys
