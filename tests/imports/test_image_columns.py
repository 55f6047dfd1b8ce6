"""Columns of images: cells that name images which were uploaded before."""

import pytest
from httpx import AsyncClient

from tests.imports.conftest import Importer, rejection, types
from tests.imports.pictures import add_image

SHOP = {
    "name": "shop",
    "key": ["sku"],
    "columns": [{"name": "sku", "type": "text"}, {"name": "photo", "type": "image"}],
}
MISSING = (
    "no image of the dataset is called so: upload it, put it into the archive, or make it null with missing_images=null"
)


@pytest.fixture(params=["relational", "keyvalue"])
async def shop(request: pytest.FixtureRequest, client: AsyncClient, importer: Importer) -> Importer:
    """An empty dataset with a column of images, in each store."""
    assert (await client.post("/datasets", json={**SHOP, "store": request.param})).status_code == 201
    return importer


async def photos(importer: Importer, dataset: str = "shop", column: str = "photo") -> list[object]:
    """The images of all records, as ids."""
    found = [record[column] for record in await importer.records(dataset)]
    return [value["id"] if isinstance(value, dict) else value for value in found]


async def photo(importer: Importer, key: str) -> object:
    """The image of a record, as an id."""
    value = (await importer.client.get(f"/datasets/shop/records/{key}")).json()["photo"]
    return value["id"] if isinstance(value, dict) else value


class TestKnownColumn:
    async def test_filenames_become_images(self, shop: Importer) -> None:
        one, two = await add_image("a.jpg", "shop"), await add_image("photos/b.jpg", "shop")
        shown = await shop("shop", "sku,photo\n1,a.jpg\n2,b.jpg\n3,\n")
        assert shown["status"] == "succeeded", shown["problem"]
        assert [await photo(shop, key) for key in "123"] == [one, two, None]
        assert shown["images"] == {
            "matched": 2, "missing": 0, "ambiguous": 0, "rejected": 0, "unused": 0, "unused_first": []
        }  # fmt: skip

    async def test_what_names_no_image_is_a_rejection_with_its_place(self, shop: Importer) -> None:
        await add_image("x/a.jpg", "shop")
        await add_image("y/a.jpg", "shop")
        await add_image("r.jpg", "shop", status="rejected", problem={"code": "truncated", "message": "it is cut off"})
        content = "sku,photo\n1,a.jpg\n2,no.jpg\n3,https://e.org/a.jpg\n4,r.jpg\n5,no.jpg\n"
        shown = await shop("shop", content)
        assert shown["problem"]["type"] == "/problems/rows-rejected"
        codes = [(found["line"], found["column"], found["value"], found["code"]) for found in shown["rejections"]]
        assert codes == [
            (2, "photo", "a.jpg", "image_ambiguous"),
            (3, "photo", "no.jpg", "image_missing"),
            (4, "photo", "https://e.org/a.jpg", "image_external"),
            (5, "photo", "r.jpg", "image_rejected"),
            (6, "photo", "no.jpg", "image_missing"),
        ]
        assert shown["rejections"][1] == rejection(3, 2, 18, "photo", "no.jpg", "image_missing", MISSING)
        assert shown["rejections"][3]["message"] == "the picture was not accepted: it is cut off"
        assert shown["images"]["missing"] == 2
        assert (shown["images"]["ambiguous"], shown["images"]["rejected"]) == (1, 1)

    async def test_missing_images_may_be_null(self, shop: Importer) -> None:
        one = await add_image("a.jpg", "shop")
        content = "sku,photo\n1,no.jpg\n2,a.jpg\n"
        shown = await shop("shop", content, options={"missing_images": "null"})
        assert shown["status"] == "succeeded", shown["problem"]
        assert [await photo(shop, key) for key in "12"] == [None, one]
        assert shown["images"]["missing"] == 1
        assert shown["warnings"] == [
            "1 cell of images are null, as no image is called so, such as 'no.jpg'. (missing_images)"
        ]

    async def test_an_image_of_another_dataset_is_refused_and_one_of_none_is_not(self, shop: Importer) -> None:
        await shop.client.post("/datasets", json={"name": "other"})
        foreign, free = await add_image("f.jpg", "other"), await add_image("logo.png")
        shown = await shop("shop", f"sku,photo\n1,{foreign}\n2,/images/{free}/content?v=x\n", on_reject="skip")
        assert [found["code"] for found in shown["rejections"]] == ["image_of_other_dataset"]
        assert await photo(shop, "2") == free

    async def test_a_dry_run_gives_the_same_report(self, shop: Importer) -> None:
        await add_image("a.jpg", "shop")
        content = "sku,photo\n1,A.JPG\n2,no.jpg\n"
        dry = await shop("shop", content, dry_run=True, on_reject="skip")
        assert (dry["status"], (await shop.client.get("/datasets/shop/records/1")).status_code) == ("succeeded", 404)
        shown = await shop("shop", content, on_reject="skip")
        assert dry["images"] == shown["images"]
        assert dry["warnings"] == shown["warnings"]
        assert "'A.JPG' for 'a.jpg'" in shown["warnings"][0]

    @pytest.mark.parametrize("mode", ["upsert", "replace"])
    async def test_other_modes_read_images_too(self, shop: Importer, mode: str) -> None:
        one, two = await add_image("a.jpg", "shop"), await add_image("b.jpg", "shop")
        await shop("shop", "sku,photo\n1,a.jpg\n")
        shown = await shop("shop", "sku,photo\n1,b.jpg\n2,a.jpg\n", mode=mode)
        assert shown["status"] == "succeeded", shown["problem"]
        assert [await photo(shop, key) for key in "12"] == [two, one]

    async def test_an_image_that_is_replaced_keeps_its_name(self, shop: Importer) -> None:
        await add_image("a.jpg", "shop", is_current=False)
        new = await add_image("a.jpg", "shop")
        await shop("shop", "sku,photo\n1,a.jpg\n")
        assert await photo(shop, "1") == new


class TestNewDataset:
    async def test_a_column_of_filenames_becomes_one_of_images(self, importer: Importer) -> None:
        await importer.client.post("/datasets", json={"name": "cats"})
        ids = [await add_image(f"{number}.jpg", "cats") for number in range(3)]
        rows = "".join(f"k{number},{number % 3}.jpg,t{number}\n" for number in range(40))
        shown = await importer("cats", f"sku,photo,note\n{rows}", key=["sku"])
        assert shown["status"] == "succeeded", shown["problem"]
        assert types(shown) == {"sku": "text", "photo": "image", "note": "text"}
        assert shown["columns"][1]["evidence"][0] == "40 of 40 are names of the dataset's images"
        assert set(await photos(importer, "cats")) == set(ids)

    async def test_few_that_are_no_images_are_rejections_and_more_make_it_text(self, importer: Importer) -> None:
        await importer.client.post("/datasets", json={"name": "dogs"})
        await add_image("a.jpg", "dogs")
        content = "sku,photo\n" + "".join(f"{number},a.jpg\n" for number in range(39))
        shown = await importer("dogs", f"{content}39,no.jpg\n", dry_run=True, on_reject="skip")
        assert types(shown) == {"sku": "integer", "photo": "image"}
        assert shown["columns"][1]["evidence"][0] == "39 of 40 are names of the dataset's images"
        assert [found["code"] for found in shown["rejections"]] == ["image_missing"]
        more = "".join(f"{number},no.jpg\n" for number in range(39, 45))
        shown = await importer("dogs", content + more, dry_run=True)
        assert types(shown) == {"sku": "integer", "photo": "text"}
        assert "39 of its 45 values are names of images" in shown["warnings"][0]

    async def test_a_later_part_of_the_file_decides_too(self, importer: Importer) -> None:
        await importer.client.post("/datasets", json={"name": "long"})
        await add_image("a.jpg", "long")
        first = "".join(f"{number},a.jpg,{'x' * 40}\n" for number in range(8000))
        last = "".join(f"{number},none-{number}.jpg,{'x' * 40}\n" for number in range(8000, 16000))
        shown = await importer("long", f"sku,photo,note\n{first}{last}")
        assert shown["status"] == "succeeded", shown["problem"]
        assert types(shown)["photo"] == "text"

    async def test_without_images_nothing_is_guessed(self, importer: Importer) -> None:
        shown = await importer("birds", "sku,photo\n1,a.jpg\n2,b.jpg\n")
        assert (types(shown)["photo"], shown["images"]) == ("text", None)

    async def test_the_type_can_be_given(self, importer: Importer) -> None:
        columns = [{"label": "photo", "type": "image"}]
        shown = await importer("fish", "sku,photo\n1,a.jpg\n", columns=columns)
        assert [found["code"] for found in shown["rejections"]] == ["image_missing"]


class TestColumnOfText:
    async def test_it_stays_text_and_a_warning_says_how_to_change_it(self, importer: Importer) -> None:
        await importer("cows", "sku,photo\n1,a.jpg\n")
        await add_image("a.jpg", "cows")
        await add_image("b.jpg", "cows")
        shown = await importer("cows", "sku,photo\n2,a.jpg\n3,b.jpg\n")
        assert (shown["status"], types(shown)["photo"]) == ("succeeded", "text")
        (warning,) = shown["warnings"]
        assert warning.startswith("'photo' is text, and 2 of its first 2 values are names of the dataset's images:")
