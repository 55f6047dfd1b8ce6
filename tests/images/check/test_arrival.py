"""Originals that arrive: one ready row and one set of objects, no matter what happens on the way."""

import hashlib
import os
from datetime import UTC, datetime, timedelta

import pytest

from app.core.settings import get_settings
from app.images import mirror
from app.images.check import arrival
from app.images.check.arrival import CheckBusy, check_image, take_image
from app.images.objects import incoming_key, kept_key, master_key, variant_key
from tests.conftest import Drain
from tests.images import pictures
from tests.images.arriving import announced, change, delete_row, found, kept_of, settle, uploaded

pytestmark = pytest.mark.usefixtures("database_url", "setting")


def objects_of(image: str, version: str) -> list[str]:
    """The keys of all that is kept of a ready image, once each."""
    return sorted([incoming_key(image), master_key(image), variant_key(image, version, "256.webp")])


class TestReady:
    async def test_an_upload_becomes_ready_by_its_event(self, image_worker: Drain) -> None:
        data = pictures.encoded()
        row = await uploaded(data)
        assert await image_worker() == 1
        ready = await found(row.id)
        assert (ready.status, ready.problem, ready.format, ready.bytes) == ("ready", None, "jpeg", len(data))
        assert (ready.width, ready.height, ready.frames, ready.has_alpha) == (400, 300, 1, False)
        assert ready.sha256 == hashlib.sha256(data).hexdigest()
        assert ready.is_current
        assert ready.checked_at is not None
        assert await kept_of(row.id) == objects_of(row.id, row.version)

    async def test_the_mirror_knows_it(self) -> None:
        row = await uploaded(alt="A lamp", focal_x=0.25, focal_y=0.75)
        await take_image(row.id)
        mirrored = await mirror.find_image(row.id)
        assert mirrored is not None
        assert (mirrored.version, mirrored.width, mirrored.alt) == (row.version, 400, "A lamp")
        assert mirrored.focal_point == (0.25, 0.75)

    async def test_an_original_in_memory_is_not_read_again(self) -> None:
        row = await announced(object_version="1")
        ready = await check_image(row, pictures.encoded(".png"))
        assert (ready.status, ready.format) == ("ready", "png")

    async def test_one_of_an_archive(self) -> None:
        row = await announced()
        await change(row.id, object_key=kept_key(row.id), status="checking")
        assert (await check_image(await found(row.id), pictures.encoded())).status == "ready"

    async def test_a_name_that_says_another_format_is_a_warning(self) -> None:
        row = await uploaded(pictures.encoded(".png"), "a1.jpg")
        await take_image(row.id)
        ready = await found(row.id)
        assert (ready.status, ready.format) == ("ready", "png")
        assert ready.warnings == ["The name 'a1.jpg' says image/jpeg, but the file is PNG."]


class TestOnce:
    async def test_five_events_of_one_upload_are_one(self, image_worker: Drain) -> None:
        row = await uploaded()
        for _ in range(5):
            await take_image(row.id)
        assert await image_worker() == 1
        assert await kept_of(row.id) == objects_of(row.id, row.version)

    async def test_two_workers_at_once_are_one(self) -> None:
        row = await uploaded()
        outcomes = await settle(*(take_image(row.id) for _ in range(4)))
        assert [outcome for outcome in outcomes if outcome is not None and not isinstance(outcome, CheckBusy)] == []
        assert (await found(row.id)).status == "ready"
        assert await kept_of(row.id) == objects_of(row.id, row.version)

    async def test_one_that_another_worker_checks_comes_again(self) -> None:
        row = await uploaded(status="checking", checked_at=datetime.now(UTC))
        with pytest.raises(CheckBusy):
            await take_image(row.id)

    async def test_one_whose_worker_is_gone_is_taken_up(self) -> None:
        row = await uploaded(status="checking", checked_at=datetime.now(UTC) - timedelta(hours=1))
        await take_image(row.id)
        assert (await found(row.id)).status == "ready"

    @pytest.mark.parametrize("step", ["add_object", "_add_first_variant", "_finish"])
    async def test_a_worker_that_dies_between_two_steps_leaves_nothing_behind_it(
        self, step: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        row = await uploaded()
        with monkeypatch.context() as patch:
            patch.setattr(arrival, step, fail)
            with pytest.raises(Died):
                await take_image(row.id)
        assert (await found(row.id)).status == "checking"
        assert await mirror.find_image(row.id) is None
        await change(row.id, checked_at=datetime.now(UTC) - timedelta(hours=1))
        await take_image(row.id)
        assert (await found(row.id)).status == "ready"
        assert await kept_of(row.id) == objects_of(row.id, row.version)

    async def test_one_that_dies_after_the_mirror_leaves_an_image_that_is_not_ready(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        row = await uploaded()
        with monkeypatch.context() as patch:
            patch.setattr(mirror, "put_image", fail)
            with pytest.raises(Died):
                await take_image(row.id)
        assert (await found(row.id)).status == "checking"

    async def test_a_claim_that_was_lost_writes_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        row = await uploaded()
        examine = arrival._examine

        async def lose(*arguments: object) -> object:
            checked = await examine(*arguments)  # type: ignore[arg-type]  # as it was called
            await change(row.id, checked_at=datetime.now(UTC))
            return checked

        monkeypatch.setattr(arrival, "_examine", lose)
        await take_image(row.id)
        assert (await found(row.id)).status == "checking"

    async def test_one_that_is_deleted_during_its_check_leaves_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        row = await uploaded()
        examine = arrival._examine

        async def delete(*arguments: object) -> object:
            checked = await examine(*arguments)  # type: ignore[arg-type]  # as it was called
            await delete_row(row.id)
            return checked

        monkeypatch.setattr(arrival, "_examine", delete)
        await take_image(row.id)
        assert await kept_of(row.id) == []
        assert await mirror.find_image(row.id) is None

    async def test_one_that_is_gone_or_has_no_file_is_passed_over(self) -> None:
        await take_image("img_00000000000000000000")
        row = await announced()
        await take_image(row.id)
        assert (await found(row.id)).status == "awaiting_upload"


class TestRejected:
    @pytest.mark.parametrize(
        ("data", "code"),
        [
            (b"", "not_an_image"),
            (b"\xff\xd8\xff" + bytes(28), "not_an_image"),
            (b"hello, I am a text that someone uploaded", "not_an_image"),
            (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "format_not_accepted"),
            (b"%PDF-1.7 and so on, and so on, and so on", "format_not_accepted"),
            (pictures.encoded()[:5000], "truncated"),
            (pictures.huge_webp(), "too_many_pixels"),
        ],
    )
    async def test_with_a_code_and_a_sentence(self, data: bytes, code: str) -> None:
        row = await uploaded(data)
        await take_image(row.id)
        rejected = await found(row.id)
        assert rejected.status == "rejected"
        assert rejected.problem is not None
        assert rejected.problem["code"] == code
        assert rejected.problem["message"].endswith(".")
        assert await kept_of(row.id) == [incoming_key(row.id)]
        assert await mirror.find_image(row.id) is None

    async def test_another_file_than_was_announced(self) -> None:
        row = await uploaded(sha256="0" * 64)
        await take_image(row.id)
        assert ((await found(row.id)).problem or {})["code"] == "checksum_mismatch"

    async def test_a_file_that_is_too_large_is_not_even_read(self) -> None:
        os.environ["TOLVA_MAX_IMAGE_BYTES"] = "1000"
        get_settings.cache_clear()
        row = await uploaded()
        await take_image(row.id)
        assert ((await found(row.id)).problem or {})["code"] == "too_many_bytes"

    async def test_heic_without_the_extra_says_how_to_read_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(arrival, "reads_heic", lambda: False)
        row = await uploaded(pictures.heic(), "a1.heic")
        await take_image(row.id)
        problem = (await found(row.id)).problem or {}
        assert problem["code"] == "format_not_accepted"
        assert "extra 'heic'" in problem["message"]


class TestCurrent:
    async def test_the_newest_of_a_name_is_current(self) -> None:
        rows = [await uploaded() for _ in range(3)]
        for row in (rows[1], rows[2], rows[0]):
            await take_image(row.id)
        assert [(await found(row.id)).is_current for row in rows] == [False, False, True]

    async def test_at_the_same_time_too(self) -> None:
        rows = [await uploaded() for _ in range(6)]
        assert await settle(*(take_image(row.id) for row in rows)) == [None] * 6
        assert [(await found(row.id)).is_current for row in rows] == [False] * 5 + [True]

    async def test_a_rejected_one_is_never_current(self) -> None:
        first, second = await uploaded(), await uploaded(b"nothing that is a picture, whatever one may do")
        for row in (first, second):
            await take_image(row.id)
        assert [(await found(row.id)).is_current for row in (first, second)] == [True, False]


class Died(Exception):
    """A worker ended here."""


async def fail(*_: object) -> None:
    raise Died
