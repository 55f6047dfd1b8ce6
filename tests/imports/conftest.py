"""Importing a file as a caller does: announce, upload, let the worker work, look."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

import pytest
from httpx import AsyncClient
from hypothesis import settings

from app.local.first_import.import_document import FINISHED
from tests.conftest import FIRST_MESSAGE_SECONDS, Drain, work_off

Document = dict[str, Any]
POLL_SECONDS = 0.01

# The same examples in every run, however slow the machine.
settings.register_profile("stable", deadline=None, derandomize=True, max_examples=150)
settings.load_profile("stable")


@dataclass
class Importer:
    """Imports files into datasets of one Tolva, through its API, its bucket, its queue and its worker."""

    client: AsyncClient
    drain: Drain
    _made: set[str] = field(default_factory=set)

    async def announce(self, dataset: str, content: bytes, **body: Any) -> Document:
        """Announce a file, creating the dataset if it is missing, and upload it; the worker has not seen it yet."""
        if dataset not in self._made:
            await self.client.post("/datasets", json={"name": dataset})
            self._made.add(dataset)
        body = {"filename": f"{dataset}.csv", "size": len(content), **body}
        response = await self.client.post(f"/datasets/{dataset}/imports", json=body)
        assert response.status_code == 201, response.text
        announced: Document = response.json()
        await self.upload(announced, content)
        return announced

    async def upload(self, announced: Document, content: bytes) -> None:
        """Send the file as the import says."""
        upload = announced["upload"]
        # To load certificates, which nothing here has, takes longer than to send a file.
        async with AsyncClient(trust_env=False, verify=False) as storage:
            sent = await storage.request(upload["method"], upload["url"], headers=upload["headers"], content=content)
        assert sent.status_code == 200, sent.text

    async def __call__(self, dataset: str, content: bytes | str, **body: Any) -> Document:
        """Import a file and answer how it ended."""
        data = content.encode() if isinstance(content, str) else content
        announced = await self.announce(dataset, data, **body)
        return await self._finish(announced["id"])

    async def _finish(self, import_id: str) -> Document:
        """Let the worker work until an import has ended and nothing that it asked for is left; how it is then."""
        end = time.monotonic() + FIRST_MESSAGE_SECONDS
        shown = await self.show(import_id)
        while shown["status"] not in FINISHED and time.monotonic() < end:
            if await work_off():
                shown = await self.show(import_id)
            else:
                await asyncio.sleep(POLL_SECONDS)
        return shown

    async def show(self, import_id: str) -> Document:
        """The import as it is now."""
        response = await self.client.get(f"/imports/{import_id}")
        assert response.status_code == 200, response.text
        shown: Document = response.json()
        return shown

    async def rejections(self, import_id: str) -> str:
        """The full list of the import's rejections, as CSV."""
        response = await self.client.get(f"/imports/{import_id}/rejections")
        assert response.status_code == 200, response.text
        return response.text

    async def dataset(self, name: str) -> Document:
        """A dataset as the API shows it."""
        shown: Document = (await self.client.get(f"/datasets/{name}")).json()
        return shown

    async def records(self, dataset: str, limit: int = 1000) -> list[Document]:
        """All records of a dataset, page by page."""
        records: list[Document] = []
        cursor: str | None = ""
        while cursor is not None:
            parameters = {"_limit": str(limit), **({"_cursor": cursor} if cursor else {})}
            response = await self.client.get(f"/datasets/{dataset}/records", params=parameters)
            assert response.status_code == 200, response.text
            page = response.json()
            records += page["data"]
            cursor = page["next"]
        return records


@pytest.fixture
def importer(client: AsyncClient, worker: Drain) -> Importer:
    """Imports files into an empty Tolva."""
    return Importer(client, worker)


def rejection(
    line: int, record: int, offset: int, column: str | None, value: str | None, code: str, message: str
) -> Document:
    """A rejection as an import shows it."""
    return {
        "line": line,
        "record": record,
        "offset": offset,
        "column": column,
        "value": value,
        "code": code,
        "message": message,
    }


def types(shown: Document) -> dict[str, str]:
    """The columns' types of an import or a dataset."""
    return {column["name"]: column["type"] for column in shown["columns"]}
