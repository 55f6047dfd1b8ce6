"""Images as the tests of their routes use them."""

from typing import Any

from httpx import AsyncClient, Response

from app.core.database.sessions import transaction
from app.datasets.repository import get_dataset
from tests.images.rows import ready_image

Document = dict[str, Any]
PICTURE = b"\x89PNG\r\n\x1a\n and so on"


def problem(response: Response) -> tuple[int, str]:
    """The status and the type of a problem."""
    assert response.headers["content-type"] == "application/problem+json", response.text
    return response.status_code, response.json()["type"].removeprefix("/problems/")


async def announce(client: AsyncClient, **body: Any) -> Response:
    """Announce a picture."""
    return await client.post("/images", json={"filename": "a1.png", "size": len(PICTURE), **body})


async def key_for(client: AsyncClient, scope: str, *datasets: str) -> dict[str, str]:
    """The headers of a new key with one scope, on all datasets or on some."""
    body = {"name": "limited", "scopes": [scope], "datasets": list(datasets) or None}
    return {"Authorization": f"Bearer {(await client.post('/keys', json=body)).json()['key']}"}


async def send(upload: Document, content: bytes, **headers: str) -> Response:
    """Send a file to the URL of an image."""
    async with AsyncClient() as storage:
        return await storage.request(
            upload["method"], upload["url"], headers={**upload["headers"], **headers}, content=content
        )


async def store(**members: Any) -> str:
    """Store an image that is ready; answers its id."""
    async with transaction() as session:
        row = ready_image(**members)
        session.add(row)
    return row.id


async def dataset_id(name: str) -> Any:
    """The id of a dataset."""
    async with transaction() as session:
        return (await get_dataset(session, name)).id
