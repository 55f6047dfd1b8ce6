from pathlib import Path

import pytest

from app.local import folder_lock
from app.local.folder_lock import LOCK_FILE, FolderHeld, find_url, hold, read_holder

URL = "http://127.0.0.1:8000"


class TestHold:
    def test_while_it_is_held_its_address_is_found(self, tmp_path: Path) -> None:
        with (tmp_path / LOCK_FILE).open("a") as file:
            hold(file, URL)
            assert find_url(tmp_path) == URL
            assert read_holder(tmp_path) is not None
        assert find_url(tmp_path) is None

    def test_another_one_does_not_get_it(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(folder_lock, "ATTEMPT_SECONDS", 0.0)
        with (tmp_path / LOCK_FILE).open("a") as first, (tmp_path / LOCK_FILE).open("a") as second:
            hold(first, URL)
            with pytest.raises(FolderHeld):
                hold(second, "http://127.0.0.1:9000")
            assert find_url(tmp_path) == URL

    def test_what_an_ended_one_has_left_is_written_over(self, tmp_path: Path) -> None:
        for url in (f"{URL}/much/longer/than/the/next", URL):
            with (tmp_path / LOCK_FILE).open("a") as file:
                hold(file, url)
        holder = read_holder(tmp_path)
        assert holder is not None
        assert holder["url"] == URL


class TestReadHolder:
    @pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": "x", "url": "y"}', '{"url": "y"}'])
    def test_what_says_nothing_is_no_holder(self, tmp_path: Path, text: str) -> None:
        (tmp_path / LOCK_FILE).write_text(text)
        assert read_holder(tmp_path) is None

    def test_without_a_folder_there_is_none(self, tmp_path: Path) -> None:
        assert (read_holder(tmp_path / "absent"), find_url(tmp_path / "absent")) == (None, None)
