"""The items of images in DynamoDB."""

import pytest

from app.core.dynamo import table
from app.images.mirror import MirroredImage, find_image, find_images, put_image, remove_image
from app.images.models import new_id
from tests.images.rows import PLACEHOLDER, ready_image

pytestmark = pytest.mark.usefixtures("database_url")


class TestFindImage:
    async def test_a_ready_image_is_found_as_its_row_is(self) -> None:
        row = ready_image(alt="A lamp", focal_x=0.25, focal_y=1 / 3, old_versions=["b", "a"], version="c")
        await put_image(row)
        assert await find_image(row.id) == MirroredImage(
            id=row.id,
            version="c",
            old_versions=("b", "a"),
            width=1600,
            height=1200,
            frames=1,
            has_alpha=False,
            color="#a1b2c3",
            placeholder=PLACEHOLDER,
            alt="A lamp",
            focal_point=(0.25, 1 / 3),
        )

    @pytest.mark.parametrize("point", [(0.0, 1.0), (1.0, 0.0), (1e-320, 0.5), (0.1, 5e-9)])
    async def test_a_focal_point_stays_what_it_is(self, point: tuple[float, float]) -> None:
        row = ready_image(focal_x=point[0], focal_y=point[1])
        await put_image(row)
        found = await find_image(row.id)
        assert found is not None
        assert found.focal_point == point

    async def test_an_image_without_an_alternative_text_or_a_focal_point_has_neither(self) -> None:
        row = ready_image()
        await put_image(row)
        found = await find_image(row.id)
        assert found is not None
        assert (found.alt, found.focal_point, found.old_versions) == (None, None, ())

    async def test_an_unknown_one_is_not_found(self) -> None:
        assert await find_image(new_id()) is None

    async def test_a_change_of_the_row_takes_the_place_of_what_was_there(self) -> None:
        row = ready_image(alt="A lamp")
        await put_image(row)
        row.alt, row.version = None, "new"
        await put_image(row)
        found = await find_image(row.id)
        assert found is not None
        assert (found.alt, found.version) == (None, "new")


class TestFindImages:
    async def test_those_that_are_there_are_found_by_their_ids(self) -> None:
        rows = [ready_image(width=width) for width in range(1, 4)]
        for row in rows:
            await put_image(row)
        found = await find_images([*(row.id for row in rows), new_id(), rows[0].id])
        assert {image: mirrored.width for image, mirrored in found.items()} == {row.id: row.width for row in rows}

    async def test_more_than_one_request_may_name_are_read(self) -> None:
        row = ready_image()
        await put_image(row)
        assert list(await find_images([*(new_id() for _ in range(table.MAX_READ)), row.id])) == [row.id]

    async def test_of_none_nothing_is_read(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TOLVA_TABLE", "no-such-table")
        assert await find_images([]) == {}


class TestRemoveImage:
    async def test_a_removed_one_is_not_found(self) -> None:
        row = ready_image()
        await put_image(row)
        await remove_image(row.id)
        await remove_image(row.id)
        assert await find_image(row.id) is None
