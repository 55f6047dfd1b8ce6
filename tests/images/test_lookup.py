"""Images as records need them: named, shown, and as cells."""

from uuid import UUID, uuid4

import asyncpg
import pytest
from httpx import AsyncClient

from app.core.settings import get_settings
from app.datasets.images import ImageFault
from app.datasets.tables import literal
from app.images.lookup import cell_sql, named_sql, resolve, resolved_sql, show
from app.images.models import Image, new_id
from tests.images.rows import add_image

pytestmark = pytest.mark.usefixtures("setting")

GIVEN = "$1::text"


@pytest.fixture
async def dataset(client: AsyncClient) -> UUID:
    """The id of a dataset."""
    return UUID((await client.post("/datasets", json={"name": "lamps"})).json()["id"])


async def code(dataset: UUID, value: str) -> str:
    found = (await resolve(dataset, [value]))[value]
    return found.code if isinstance(found, ImageFault) else found


class TestResolve:
    async def test_all_are_found_together(self, dataset: UUID) -> None:
        lamp, chair = await add_image(dataset_id=dataset), await add_image(filename="chair.jpg")
        unknown = new_id()
        found = await resolve(dataset, ["lamp.jpg", lamp.id, f"/images/{chair.id}", unknown])
        assert {value: one for value, one in found.items() if isinstance(one, str)} == {
            "lamp.jpg": lamp.id,
            lamp.id: lamp.id,
            f"/images/{chair.id}": chair.id,
        }
        assert isinstance(found[unknown], ImageFault)

    async def test_nothing_is_asked_if_nothing_is_named(self) -> None:
        assert await resolve(uuid4(), []) == {}
        assert await code(uuid4(), "https://pictures.example/lamp.jpg") == "image_external"

    @pytest.mark.parametrize(
        ("base", "value", "is_own"),
        [
            ("", "https://any.example/images/{}/content?v=a", True),
            ("", "https://any.example/prod/images/{}", False),
            ("https://api.example.com", "https://api.example.com/images/{}", True),
            ("https://api.example.com", "HTTPS://API.example.com/images/{}/content?v=a&w=256", True),
            ("https://api.example.com", "https://other.example/images/{}", False),
            ("https://api.example.com", "http://api.example.com/images/{}", False),
            ("https://api.example.com", "https://api.example.com:8443/images/{}", False),
            ("https://api.example.com", "https://api.example.com.other.example/images/{}", False),
            ("https://api.example.com/prod", "https://api.example.com/prod/images/{}", True),
            ("https://api.example.com/prod", "/prod/images/{}/content?v=a", True),
            ("https://api.example.com/prod", "/images/{}/content?v=a", True),
            ("https://api.example.com/prod", "https://api.example.com/dev/images/{}", False),
        ],
    )
    async def test_a_url_is_ours_by_the_address_of_the_api(
        self, dataset: UUID, monkeypatch: pytest.MonkeyPatch, base: str, value: str, is_own: bool
    ) -> None:
        image = await add_image()
        monkeypatch.setenv("TOLVA_PUBLIC_URL", base)
        get_settings.cache_clear()
        assert await code(dataset, value.format(image.id)) == (image.id if is_own else "image_external")


class TestShow:
    async def test_those_that_are_there_are_shown(self, database_url: str) -> None:
        image = await add_image()
        assert list(await show([image.id, new_id()])) == [image.id]


class TestSql:
    @pytest.fixture
    async def images(self, dataset: UUID) -> list[Image]:
        """One that is current, one that is not, one whose name is another's id, and one of no dataset."""
        current = await add_image(dataset_id=dataset)
        return [
            current,
            await add_image(dataset_id=dataset, is_current=False),
            await add_image(dataset_id=dataset, filename=current.id),
            await add_image(),
        ]

    async def test_a_cell_means_the_image_that_it_is_of(
        self, dataset: UUID, images: list[Image], connections: asyncpg.Connection
    ) -> None:
        cells = [
            await connections.fetchval(f"SELECT {cell_sql(GIVEN, literal(str(dataset)))}", image.id) for image in images
        ]
        assert cells == ["lamp.jpg", *(image.id for image in images[1:])]
        for cell, image in zip(cells, images, strict=True):
            for sql in (named_sql, resolved_sql):
                found = await connections.fetchval(f"SELECT {sql(GIVEN, literal(str(dataset)))}", cell)
                assert found == image.id, sql

    async def test_a_name_of_nothing_is_no_image(self, dataset: UUID, connections: asyncpg.Connection) -> None:
        assert await connections.fetchval(f"SELECT {named_sql(GIVEN, literal(str(dataset)))}", "none.jpg") == ""
        assert await connections.fetchval(f"SELECT {resolved_sql(GIVEN, literal(str(dataset)))}", "none.jpg") is None
