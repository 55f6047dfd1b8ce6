"""`tolva login`, `logout`, `profiles`, and what commands make of them."""

import json
from pathlib import Path

import pytest

from tests.cli.calls import Done, clean_environment, on_terminal, tolva
from tests.local.running import ADMIN_KEY, RunningDev


def login(dev: RunningDev, home: Path, *arguments: str, key: str = ADMIN_KEY) -> Done:
    return tolva("login", "--url", dev.url, "--key-stdin", *arguments, stdin=key + "\n", home=home)


class TestLogin:
    def test_the_key_is_kept_for_its_owner_alone(self, dev: RunningDev, tmp_path: Path) -> None:
        done = login(dev, tmp_path)
        assert done.code == 0, done.err
        assert ADMIN_KEY not in done.out + done.err
        path = tmp_path / "tolva" / "profiles.json"
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.parent.stat().st_mode & 0o777 == 0o700
        assert [item.name for item in path.parent.iterdir()] == ["profiles.json"]
        assert tolva("records", "count", "absent", home=tmp_path).err.startswith("Error: Dataset not found")

    def test_on_a_terminal_the_key_is_not_shown(self, dev: RunningDev, tmp_path: Path) -> None:
        done = on_terminal(
            "login", "--url", dev.url, answer=ADMIN_KEY + "\n", XDG_CONFIG_HOME=str(tmp_path), HOME=str(tmp_path)
        )
        assert done.code == 0, done.out
        assert ADMIN_KEY not in done.out
        assert json.loads((tmp_path / "tolva" / "profiles.json").read_text())["profiles"]["default"]["key"] == ADMIN_KEY

    def test_a_key_that_does_not_work_is_not_kept(self, dev: RunningDev, tmp_path: Path) -> None:
        done = login(dev, tmp_path, key="tolva_nonsense")
        assert done.code == 1
        assert "Nothing was kept" in done.err
        assert not (tmp_path / "tolva").exists()

    @pytest.mark.parametrize("key", ["", "ключ", "two words", "tab\there"])
    def test_what_is_no_key(self, dev: RunningDev, tmp_path: Path, key: str) -> None:
        done = login(dev, tmp_path, key=key)
        assert done.code == 1
        assert "copied whole" in done.err

    def test_without_a_terminal_or_an_address(self, dev: RunningDev, tmp_path: Path) -> None:
        assert tolva("login", "--url", dev.url, home=tmp_path).code == 2
        assert tolva("login", "--key-stdin", home=tmp_path).code == 2

    def test_a_folder_that_cannot_be_written(self, dev: RunningDev, tmp_path: Path) -> None:
        (tmp_path / "tolva").write_text("in the way")
        done = login(dev, tmp_path)
        assert done.code == 1
        assert "Traceback" not in done.err


def test_the_environment_of_these_tests_is_clean() -> None:
    assert clean_environment(None, {})["XDG_CONFIG_HOME"] == "/nonexistent"
