"""The Tolva that a command talks to, and the command's end if that is unavailable."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import typer

from app.cli.connection import DEFAULT_URL, Asked, Target, find_target
from app.local.data_folder import DataFolder
from app.local.folder_lock import find_url
from tests.cli.calls import tolva
from tests.local.running import ADMIN_KEY, RunningDev

REMOTE = "https://tolva.example.test"
HERE = "http://127.0.0.1:8123"

Find = Callable[..., Target]


@pytest.fixture
def find(tmp_path: Path) -> Find:
    """Finds a Tolva with two profiles, `default` and `local`, and no data folder but the one given."""
    (tmp_path / "tolva").mkdir()
    profiles = {"default": {"url": REMOTE, "key": "remote-key"}, "local": {"url": HERE, "key": "local-key"}}
    (tmp_path / "tolva" / "profiles.json").write_text(json.dumps({"profiles": profiles}))

    def find(variables: dict[str, str] | None = None, **asked: object) -> Target:
        return find_target(Asked(**asked), {"XDG_CONFIG_HOME": str(tmp_path)} | (variables or {}))  # type: ignore[arg-type]

    return find


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder with a key in which nothing runs."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "admin-key").write_text("folder-key\n")
    return tmp_path / "data"


class TestOrder:
    def test_options_first(self, find: Find, folder: Path) -> None:
        variables = {"TOLVA_URL": "http://127.0.0.1:1", "TOLVA_KEY": "variable"}
        found = find(variables, url=HERE, key="given", data=folder)
        assert (found.url, found.key) == (HERE, "given")

    def test_then_variables(self, find: Find, folder: Path) -> None:
        found = find({"TOLVA_URL": REMOTE, "TOLVA_KEY": "variable"}, data=folder)
        assert (found.url, found.key) == (REMOTE, "variable")
        assert find({"TOLVA_URL": HERE}).key == "local-key"

    def test_then_what_runs_over_the_data_folder(self, find: Find, folder: Path) -> None:
        with DataFolder(folder).locked("http://127.0.0.1:8765"):
            found = find(data=folder)
            assert (found.url, found.key) == ("http://127.0.0.1:8765", "folder-key")

    def test_a_named_profile_comes_before_the_data_folder(self, find: Find, folder: Path) -> None:
        with DataFolder(folder).locked("http://127.0.0.1:8765"):
            assert find(profile="default", data=folder).url == REMOTE
            assert find({"TOLVA_PROFILE": "local"}, data=folder).url == HERE

    def test_a_named_profile_comes_before_variables(self, find: Find) -> None:
        found = find({"TOLVA_URL": HERE, "TOLVA_KEY": "variable"}, profile="default")
        assert (found.url, found.key) == (REMOTE, "remote-key")
        # Between variables, those that say more come first.
        assert find({"TOLVA_KEY": "variable", "TOLVA_PROFILE": "local"}).key == "variable"

    def test_then_the_default_profile(self, find: Find, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        found = find()
        assert (found.url, found.key) == (REMOTE, "remote-key")

    def test_nobody_who_names_a_data_folder_means_another_machine(self, find: Find, folder: Path) -> None:
        found = find(data=folder)
        assert (found.url, found.key) == (DEFAULT_URL, "folder-key")


class TestKeysStayWhereTheyBelong:
    def test_the_data_folders_key_never_leaves_this_machine(self, folder: Path, tmp_path: Path) -> None:
        variables = {"XDG_CONFIG_HOME": str(tmp_path / "none")}
        assert find_target(Asked("http://localhost:8000", data=folder), variables).key == "folder-key"
        with pytest.raises(typer.Exit):
            find_target(Asked(REMOTE, data=folder), variables)

    def test_a_profiles_key_goes_to_its_own_address_only(self, find: Find) -> None:
        for url in (
            "https://tolva.example.test.evil.test",
            f"{REMOTE}:444",
            "http://tolva.example.test",
            f"{REMOTE}/x",
        ):
            with pytest.raises(typer.Exit):
                find(url=url, profile="default")
        assert find(url=f"{REMOTE}/", profile="local").key == "remote-key"


class TestFindLocal:
    def test_a_lock_that_nobody_holds_is_not_believed(self, folder: Path) -> None:
        with DataFolder(folder).locked(HERE):
            assert find_url(folder) == HERE
        assert find_url(folder) is None
        assert find_url(folder / "absent") is None

    def test_the_data_folder_alone_is_enough(self, dev: RunningDev) -> None:
        # Its key was given to it as a variable, so the folder has none.
        done = tolva("datasets", "--data", str(dev.folder))
        assert done.code == 1
        assert "TOLVA_KEY" in done.err
        assert tolva("datasets", "--data", str(dev.folder), TOLVA_KEY=ADMIN_KEY).code == 0
