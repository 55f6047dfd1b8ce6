"""Archives: a table and its pictures, imported together."""

import asyncio
import struct
import unicodedata
from collections.abc import Iterator, Mapping

import pytest
from httpx import AsyncClient

from app.core.aws.clients import client
from app.core.aws.messages import MessageDeferred
from app.core.aws.queue import send_message
from app.core.database.statements import fetch
from app.core.settings import get_settings
from app.images.models import Image
from app.imports.messages import ImportQueued, PicturesQueued
from app.imports.worker import pictures as worker_pictures
from app.local.worker import handle_message, receive_message
from tests.imports.conftest import Document, Importer, types
from tests.imports.pictures import QuickCheck, add_image, pack

Files = Mapping[str, bytes | str]

TABLE = "sku,photo\n1,a.jpg\n2,shoes/b.jpg\n3,b.jpg\n"
PICTURES = {"images/a.jpg": b"picture a", "images/shoes/b.jpg": b"picture b"}
SHOP: Files = {"products.csv": TABLE, **PICTURES}


@pytest.fixture(autouse=True)
def check() -> Iterator[QuickCheck]:
    """The check of pictures."""
    quick = QuickCheck()
    worker_pictures.use_check(quick)
    yield quick
    worker_pictures.use_check(QuickCheck())


async def images() -> list[tuple[str, str, bool]]:
    """All images: filename, status, whether it is current."""
    rows = await fetch("SELECT filename, status, is_current FROM tolva.image ORDER BY filename, created_at")
    return [(row["filename"], row["status"], row["is_current"]) for row in rows]


async def send(importer: Importer, files: Files, **body: object) -> Document:
    """Import an archive into `shop`; how it ended."""
    return await importer("shop", pack(files), filename="shop.zip", **body)


async def finish(importer: Importer, import_id: str) -> Document:
    """An import once it has ended, which may take a few times that it is put off."""
    shown = await importer.show(import_id)
    for _ in range(10):
        if shown["status"] not in ("queued", "running"):
            break
        await importer.drain()
        shown = await importer.show(import_id)
    return shown


async def photos(importer: Importer) -> dict[object, str]:
    """The filenames of the images of all records, by key."""
    found = {}
    for record in await importer.records("shop"):
        value = record["photo"]
        image = value["id"] if isinstance(value, dict) else value
        rows = await fetch("SELECT filename, sha256 FROM tolva.image WHERE id = $1", image)
        found[record["sku"]] = rows[0]["filename"]
    return found


class TestTableAlone:
    @pytest.mark.parametrize("name", ["a.csv", "deep/er/a.csv", "a.txt", "a", "a.tsv"])
    async def test_an_archive_of_one_table_is_that_table(self, importer: Importer, name: str) -> None:
        shown = await send(importer, {name: "id,name\n1,fig\n2,kiwi\n", "__MACOSX/._a.csv": b"x", ".DS_Store": b"y"})
        assert shown["status"] == "succeeded", shown["problem"]
        assert shown["result"]["added"] == 2
        assert (shown["images"], shown["warnings"]) == (None, [])

    async def test_a_rejection_has_its_place_in_the_table(self, importer: Importer) -> None:
        await send(importer, {"a.csv": "id,n\n1,1\n"})
        shown = await send(importer, {"a.csv": "id,n\n2,2\n3,x\n"}, on_reject="skip")
        assert [(found["line"], found["record"], found["offset"]) for found in shown["rejections"]] == [(3, 2, 9)]

    async def test_a_large_table_is_unpacked_as_it_is_read(self, importer: Importer) -> None:
        rows = "".join(f"{number},{number * 7919 % 10007}\n" for number in range(300_000))
        shown = await send(importer, {"a.csv": f"id,n\n{rows}"})
        assert shown["result"]["added"] == 300_000
        assert shown["progress"]["bytes"] == shown["progress"]["bytes_total"] == len(f"id,n\n{rows}")

    @pytest.mark.parametrize("kind", ["application/zip", "application/octet-stream"])
    async def test_it_may_be_sent_with_the_request(self, importer: Importer, client: AsyncClient, kind: str) -> None:
        await client.post("/datasets", json={"name": "shop"})
        sent = await client.post(
            "/datasets/shop/imports?filename=a.zip&missing_images=null",
            content=pack({"a.csv": "id,n\n1,1\n"}),
            headers={"Content-Type": kind},
        )
        assert sent.status_code == 201, sent.text
        shown = await finish(importer, sent.json()["id"])
        assert (shown["result"]["added"], shown["options"]) == (1, {"missing_images": "null"})

    async def test_a_packed_table_in_an_archive_is_unpacked_twice(self, importer: Importer) -> None:
        import gzip  # noqa: PLC0415

        shown = await send(importer, {"a.csv.gz": gzip.compress(b"id,n\n1,1\n")})
        assert shown["result"]["added"] == 1


class TestPictures:
    async def test_pictures_become_images_and_records_have_them(self, importer: Importer) -> None:
        shown = await send(importer, SHOP)
        assert shown["status"] == "succeeded", shown["problem"]
        assert types(shown) == {"sku": "integer", "photo": "image"}
        assert shown["columns"][1]["evidence"][0] == "3 of 3 are pictures that came with the file"
        assert await photos(importer) == {1: "a.jpg", 2: "shoes/b.jpg", 3: "shoes/b.jpg"}
        assert await images() == [("a.jpg", "ready", True), ("shoes/b.jpg", "ready", True)]
        assert shown["images"] == {
            "matched": 3, "missing": 0, "ambiguous": 0, "rejected": 0, "unused": 0, "unused_first": []
        }  # fmt: skip

    async def test_what_is_missing_rejected_and_unused_is_said(self, importer: Importer) -> None:
        files: Files = {
            "t/a.csv": "sku,photo\n1,a.jpg\n2,no.jpg\n3,worse.jpg\n4,x.jpg\n",
            "t/a.jpg": b"a", "t/b.jpg": b"b", "t/worse.jpg": b"bad", "u/x.jpg": b"1", "v/x.jpg": b"2",
            "t/read.me": b"hello",
        }  # fmt: skip
        shown = await send(importer, files, on_reject="skip", columns=[{"label": "photo", "type": "image"}])
        assert shown["status"] == "succeeded", shown["problem"]
        assert shown["images"] == {
            "matched": 1, "missing": 1, "ambiguous": 1, "rejected": 1, "unused": 3,
            "unused_first": ["b.jpg", "u/x.jpg", "v/x.jpg"],
        }  # fmt: skip
        assert [found["code"] for found in shown["rejections"]] == [
            "image_missing",
            "image_rejected",
            "image_ambiguous",
        ]
        assert shown["warnings"][-2:] == [
            "Files of the archive that are no table and no pictures were passed over: t/read.me.",
            "1 picture was not accepted: t/worse.jpg (it is damaged).",
        ]

    async def test_the_same_archive_again_changes_nothing(self, importer: Importer, check: QuickCheck) -> None:
        first = await send(importer, SHOP, key=["sku"])
        assert first["result"]["added"] == 3
        before = await images()
        again = await send(importer, SHOP, mode="upsert")
        assert again["result"] == {"added": 0, "changed": 0, "unchanged": 3}
        assert (await images(), len(check.checked)) == (before, 2)

    async def test_a_picture_that_changed_is_a_new_image_and_its_records_move(self, importer: Importer) -> None:
        await send(importer, SHOP, key=["sku"])
        again = await send(importer, {**SHOP, "images/a.jpg": b"another"}, mode="upsert")
        assert again["result"] == {"added": 0, "changed": 1, "unchanged": 2}
        assert await images() == [("a.jpg", "ready", False), ("a.jpg", "ready", True), ("shoes/b.jpg", "ready", True)]

    async def test_an_earlier_picture_is_the_earlier_image(self, importer: Importer) -> None:
        await send(importer, SHOP, key=["sku"])
        await send(importer, {**SHOP, "images/a.jpg": b"another"}, mode="upsert")
        again = await send(importer, SHOP, mode="upsert")
        assert again["result"] == {"added": 0, "changed": 1, "unchanged": 2}
        assert len(await images()) == 3

    async def test_a_dry_run_says_the_same_and_leaves_no_image(self, importer: Importer) -> None:
        await importer.client.post("/datasets", json={"name": "shop"})
        await add_image("a.jpg", "shop")
        dry = await send(importer, {**SHOP, "images/c.jpg": b"c"}, dry_run=True, key=["sku"])
        assert dry["result"]["added"] == 3, dry
        assert await images() == [("a.jpg", "ready", True)]
        shown = await send(importer, {**SHOP, "images/c.jpg": b"c"}, key=["sku"])
        assert dry["images"] == shown["images"]
        assert shown["images"]["unused_first"] == ["c.jpg"]

    async def test_an_export_changes_nothing(self, importer: Importer, check: QuickCheck) -> None:
        await send(importer, SHOP, key=["sku"])
        await send(importer, {**SHOP, "images/a.jpg": b"another"}, mode="upsert")
        (old,) = await fetch("SELECT id FROM tolva.image WHERE filename = 'a.jpg' AND NOT is_current")
        await send(importer, {"a.csv": f"sku,photo\n1,{old['id']}\n2,a.jpg\n3,shoes/b.jpg\n"}, mode="upsert")
        before, checked = await images(), len(check.checked)
        exported: Files = {
            "shop.csv": f"sku,photo\n1,{old['id']}\n2,a.jpg\n3,shoes/b.jpg\n",
            "images/a.jpg": b"another", f"images/{old['id']}.jpg": b"picture a", "images/shoes/b.jpg": b"picture b",
        }  # fmt: skip
        again = await send(importer, exported, mode="upsert")
        assert again["result"] == {"added": 0, "changed": 0, "unchanged": 3}
        assert (await images(), len(check.checked)) == (before, checked)
        assert (again["images"]["unused"], again["warnings"]) == (0, [])

    async def test_an_export_is_complete_elsewhere(self, importer: Importer) -> None:
        unknown = f"img_{5:020x}"
        files: Files = {"shop.csv": f"sku,photo\n1,{unknown}\n2,a.jpg\n", "images/a.jpg": b"a",
                        f"images/{unknown}.jpg": b"older a"}  # fmt: skip
        shown = await send(importer, files)
        assert shown["status"] == "succeeded", shown["problem"]
        assert await photos(importer) == {1: f"{unknown}.jpg", 2: "a.jpg"}

    async def test_a_rejected_picture_is_checked_again(self, importer: Importer, check: QuickCheck) -> None:
        files: Files = {"a.csv": "sku,photo\n1,a.jpg\n", "a.jpg": b"bad"}
        await send(importer, files)
        await send(importer, files)
        assert check.checked == ["a.jpg", "a.jpg"]
        assert await images() == [("a.jpg", "rejected", False)]

    async def test_more_pictures_than_a_message_has(self, importer: Importer) -> None:
        many = {f"p/{number:03}.jpg": f"picture {number}".encode() for number in range(250)}
        rows = "".join(f"{number},{number:03}.JPG\n" for number in range(250))
        shown = await send(importer, {"t.csv": f"sku,photo\n{rows}", **many})
        assert shown["status"] == "succeeded", shown["problem"]
        assert shown["images"]["matched"] == 250
        assert shown["warnings"][-1].startswith("250 cells of images differ")

    async def test_a_keyvalue_dataset_takes_an_archive(self, importer: Importer, client: AsyncClient) -> None:
        await client.post("/datasets", json={"name": "shop", "store": "keyvalue"})
        shown = await send(importer, SHOP, key=["sku"])
        assert shown["status"] == "succeeded", shown["problem"]
        record = (await client.get("/datasets/shop/records/2")).json()
        assert str(record["photo"]).find("img_") >= 0

    async def test_a_dropped_archive_is_imported(self, importer: Importer, client: AsyncClient) -> None:
        from app.core.aws.storage import write_object  # noqa: PLC0415

        await write_object("inbox/shop/shop.zip", pack(SHOP), "application/zip")
        for _ in range(200):
            await importer.drain()
            found = (await client.get("/datasets/shop/imports")).json().get("data", [])
            if found and found[0]["status"] == "succeeded":
                break
            await asyncio.sleep(0.05)
        assert len(await importer.records("shop")) == 3


class TestWaiting:
    async def test_it_waits_for_images_that_are_being_checked(self, importer: Importer, client: AsyncClient) -> None:
        body = {"name": "shop", "columns": [{"name": "sku", "type": "text"}, {"name": "photo", "type": "image"}]}
        await client.post("/datasets", json=body)
        image = await add_image("a.jpg", "shop", status="checking")
        announced = await importer.announce("shop", b"sku,photo\n1,a.jpg\n")
        await importer.drain()
        assert (await importer.show(announced["id"]))["status"] == "queued"
        await fetch("UPDATE tolva.image SET status = 'ready', is_current = true WHERE id = $1", image)
        shown = await finish(importer, announced["id"])
        assert (shown["status"], shown["images"]["matched"]) == ("succeeded", 1)

    async def test_an_image_whose_check_was_broken_off_is_checked(self, importer: Importer) -> None:
        class Killed(QuickCheck):
            async def __call__(self, row: Image, original: bytes) -> Image:
                await fetch("UPDATE tolva.image SET status = 'checking' WHERE id = $1", row.id)
                raise RuntimeError

        worker_pictures.use_check(Killed())
        announced = await importer.announce("shop", pack(SHOP), filename="shop.zip")
        await importer.drain()
        assert "checking" in {status for _, status, _ in await images()}
        worker_pictures.use_check(QuickCheck())
        await send_message(PicturesQueued(import_id=announced["id"], batch=0))
        assert (await finish(importer, announced["id"]))["status"] == "succeeded"
        assert [status for _, status, _ in await images()] == ["ready", "ready"]

    async def test_it_does_not_wait_for_ever(self, importer: Importer) -> None:
        class Away(QuickCheck):
            async def __call__(self, row: Image, original: bytes) -> Image:
                raise MessageDeferred("not now")

        worker_pictures.use_check(Away())
        announced = await importer.announce("shop", pack(SHOP), filename="shop.zip")
        await importer.drain()
        await fetch("UPDATE tolva.import SET started_at = now() - interval '20 minutes'")
        await fetch("UPDATE tolva.import_pictures SET asked_at = now() - interval '20 minutes'")
        shown = await finish(importer, announced["id"])
        assert shown["problem"]["type"] == "/problems/pictures-not-checked"
        assert "0 of 2 are" in shown["problem"]["detail"]

    async def test_a_batch_whose_message_is_lost_is_asked_for_again(self, importer: Importer) -> None:
        announced = await importer.announce("shop", pack(SHOP), filename="shop.zip")
        sqs = await client("sqs")
        queue = get_settings().queue_url
        message = await receive_message(2)
        assert message is not None
        await handle_message(message)
        await sqs.purge_queue(QueueUrl=queue)
        await fetch("UPDATE tolva.import_pictures SET asked_at = now() - interval '5 minutes'")
        await send_message(ImportQueued(import_id=announced["id"]))
        assert (await finish(importer, announced["id"]))["status"] == "succeeded"

    async def test_a_batch_that_comes_twice_changes_nothing(self, importer: Importer, check: QuickCheck) -> None:
        shown = await send(importer, SHOP)
        await send_message(PicturesQueued(import_id=shown["id"], batch=0))
        await importer.drain()
        assert sorted(check.checked) == ["a.jpg", "shoes/b.jpg"]

    async def test_a_worker_that_dies_over_a_picture_leaves_one_image_of_it(
        self, importer: Importer, check: QuickCheck
    ) -> None:
        class Dying(QuickCheck):
            async def __call__(self, row: Image, original: bytes) -> Image:
                raise RuntimeError

        worker_pictures.use_check(Dying())
        announced = await importer.announce("shop", pack(SHOP), filename="shop.zip")
        await importer.drain()
        waiting = await importer.show(announced["id"])
        assert (waiting["status"], waiting["progress"]["pictures_total"]) == ("queued", 2)
        worker_pictures.use_check(check)
        await send_message(PicturesQueued(import_id=announced["id"], batch=0))
        shown = await finish(importer, announced["id"])
        assert shown["status"] == "succeeded", shown["problem"]
        assert await images() == [("a.jpg", "ready", True), ("shoes/b.jpg", "ready", True)]


def lying(path: str, **changes: int) -> bytes:
    """An archive of a table and maybe a picture, whose directory says something else of the last file."""
    table: dict[str, bytes | str] = {"a.csv": f"sku,photo\n1,{path}\n"}
    data = bytearray(pack({**table, path: b"picture " * 50} if path not in table else table))
    start = data.rfind(b"PK\x01\x02")
    for name, (offset, form) in {
        "flags": (8, "<H"),
        "method": (10, "<H"),
        "crc": (16, "<I"),
        "size": (24, "<I"),
    }.items():
        if name in changes:
            data[start + offset : start + offset + struct.calcsize(form)] = struct.pack(form, changes[name])
    return bytes(data)


class TestHostile:
    @pytest.mark.parametrize(
        ("archive", "reason"),
        [
            (lying("a.jpg", flags=1), "it is encrypted"),
            (lying("a.jpg", method=12), "(number 12) that is not supported"),
            (lying("a.jpg", crc=7), "its bytes are not as many, or not those, that the archive says"),
            (lying("a.jpg", size=40), "its bytes are more than the archive says"),
            (lying("a.jpg", size=60_000_000), "it has 60,000,000 bytes; 52,428,800 are the most"),
            (pack({"a.csv": "sku,photo\n1,a.jpg\n", "../a.jpg": b"x"}), "its name leads out of the archive"),
            (pack({"a.csv": "sku,photo\n1,/a.jpg\n", "/a.jpg": b"x"}), "its name leads out of the archive"),
            (pack({"a.csv": "sku,photo\n1,a.jpg\n", "a.jpg": bytes(9_000_000)}), "unpacks to more than 100 times"),
        ],
    )
    async def test_a_picture_is_refused_by_name(self, importer: Importer, archive: bytes, reason: str) -> None:
        columns = [{"label": "photo", "type": "image"}]
        shown = await importer("shop", archive, filename="shop.zip", on_reject="skip", columns=columns)
        assert [found["code"] for found in shown["rejections"]] == ["image_rejected"], shown
        assert reason in shown["rejections"][0]["message"]
        assert reason in shown["warnings"][-1]
        assert "a.jpg (" in shown["warnings"][-1]
        assert await images() == []

    @pytest.mark.parametrize(
        ("archive", "problem"),
        [
            (pack({f"lib {number}.zip": b"PK" for number in range(16)}), "archive-table-unclear"),
            (pack({"a.csv": "x", "b.csv": "y"}), "archive-table-unclear"),
            (pack({"a.csv": "a,b\n1,2\n"})[:-20], "file-damaged"),
            (b"PK\x03\x04" + bytes(500), "file-damaged"),
            (pack({"[Content_Types].xml": "x", "xl/workbook.xml": "y"}), "file-not-csv"),
            (pack({"a.csv": pack({"b.csv": "a,b\n1,2\n"})}), "file-not-csv"),
            (lying("a.csv", size=4_000_000_000), "unpacked-too-large"),
        ],
    )
    async def test_an_archive_is_refused(self, importer: Importer, archive: bytes, problem: str) -> None:
        shown = await importer("shop", archive, filename="shop.zip")
        assert shown["status"] == "failed"
        assert shown["problem"]["type"] == f"/problems/{problem}"

    async def test_names_of_any_form_and_program_match(self, importer: Importer) -> None:
        form = unicodedata.normalize("NFD", "schön.jpg")
        files: Files = {"a.csv": "sku,photo\n1,schön.jpg\n2,x\\y.jpg\n3,X/Y.JPG\n", form: b"1", "x/y.jpg": b"2",
                        "__MACOSX/._x.jpg": b"3", "x/Thumbs.db": b"4"}  # fmt: skip
        shown = await send(importer, files, key=["sku"])
        assert shown["status"] == "succeeded", shown
        assert await photos(importer) == {1: "schön.jpg", 2: "x/y.jpg", 3: "x/y.jpg"}
        assert len(await images()) == 2
