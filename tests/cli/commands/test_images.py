"""`tolva images` against a running Tolva."""

import json
from pathlib import Path

from tests.cli.calls import make_key, on, rows
from tests.images.pictures import encoded
from tests.local.running import RunningDev


def announce(dev: RunningDev, filename: str, **body: str) -> str:
    """The id of an image whose file has not come yet."""
    made = dev.request("POST", "/images", json={"filename": filename, "size": 5, **body})
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


class TestList:
    def test_what_there_is(self, dev: RunningDev) -> None:
        image = announce(dev, "listed.png", alt="A lamp")
        found = {row["id"]: row for row in rows(on(dev, "images").out)}
        shown = ("id", "file", "dataset", "state", "size", "alt")
        assert tuple(found[image][name] for name in shown) == (
            *(image, "listed.png", "all", "awaiting_upload", "", "A lamp"),
        )

    def test_as_json(self, dev: RunningDev) -> None:
        image = announce(dev, "as-json.png")
        listed = json.loads(on(dev, "images", "list", "--status", "awaiting_upload", "--json").out)["data"]
        assert image in [one["id"] for one in listed]

    def test_the_unused_ones_need_a_dataset(self, dev: RunningDev) -> None:
        done = on(dev, "images", "list", "--unused")
        assert done.code == 1
        assert "needs a dataset" in done.err


class TestDelete:
    def test_by_id_and_by_name(self, dev: RunningDev) -> None:
        image = announce(dev, "by-id.png")
        announce(dev, "by-name.png")
        done = on(dev, "images", "delete", image, "by-name.png")
        assert done.code == 0, done.err
        assert done.out.count("is deleted") == 2
        assert dev.request("GET", f"/images/{image}").status_code == 404

    def test_a_name_that_several_have(self, dev: RunningDev) -> None:
        images = [announce(dev, "twice.png") for _ in range(2)]
        done = on(dev, "images", "delete", "twice.png")
        assert done.code == 1
        assert all(image in done.err for image in images)

    def test_one_that_is_not_there(self, dev: RunningDev) -> None:
        for name in ("nothing.png", f"img_{'0' * 20}"):
            done = on(dev, "images", "delete", name)
            assert (done.code, "There is no image" in done.err) == (1, True)


class TestUpload:
    def test_each_is_checked_and_the_same_is_not_sent_again(self, dev: RunningDev, tmp_path: Path) -> None:
        (tmp_path / "lamp.jpg").write_bytes(encoded(".jpg", 40, 30))
        first = on(dev, "images", "upload", str(tmp_path))
        assert (first.code, first.err) == (0, "")
        (row,) = rows(first.out)
        assert (row["file"], row["state"], row["size"]) == ("lamp.jpg", "ready", "40x30")
        again = on(dev, "images", "upload", str(tmp_path / "lamp.jpg"))
        assert [(row["state"], row["id"]) for row in rows(again.out)] == [("unchanged", row["id"])]

    def test_what_is_rejected_is_said_with_its_reason(self, dev: RunningDev, tmp_path: Path) -> None:
        whole = encoded(".jpg", 400, 300)
        (tmp_path / "whole.jpg").write_bytes(whole)
        (tmp_path / "cut.jpg").write_bytes(whole[: len(whole) // 2])
        done = on(dev, "images", "upload", str(tmp_path))
        assert done.code == 1
        assert {row["file"]: row["state"] for row in rows(done.out)} == {"cut.jpg": "rejected", "whole.jpg": "ready"}
        assert "cut.jpg: The file ends before its picture does" in done.err

    def test_what_is_no_picture(self, dev: RunningDev, tmp_path: Path) -> None:
        (tmp_path / "a.svg").write_text("<svg/>")
        done = on(dev, "images", "upload", str(tmp_path / "a.svg"))
        assert done.code == 1
        assert "is no picture of an accepted type" in done.err

    def test_one_text_for_several(self, dev: RunningDev, tmp_path: Path) -> None:
        for name in ("a.png", "b.png"):
            (tmp_path / name).write_bytes(b"12345")
        done = on(dev, "images", "upload", str(tmp_path), "--alt", "A lamp")
        assert done.code == 1
        assert "--alt" in done.err

    def test_a_key_that_may_not(self, dev: RunningDev, tmp_path: Path) -> None:
        (tmp_path / "a.png").write_bytes(b"12345")
        done = on(dev, "images", "upload", str(tmp_path / "a.png"), key=make_key(dev, "read"))
        assert done.code == 1
        assert "scope 'write'" in done.err
