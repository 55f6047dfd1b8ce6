"""Which Tolva a command talks to, and how it ends if that is not to be had."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import typer

from app.cli import exit_codes
from app.cli.connection import DEFAULT_URL, Asked, Target, find_target
from app.client.api import explain_problem, is_local
from app.local.data_folder import DataFolder
from app.local.folder_lock import find_url
from app.local.services.emulator import find_free_port
from tests.cli.calls import CTRL_C, make, on, on_terminal, tolva
from tests.cli.servers import answers
from tests.local.running import ADMIN_KEY, RunningDev

REMOTE = "https://tolva.example.test"
HERE = "http://127.0.0.1:8123"

Find = Callable[..., Target]


@pytest.fixture
def find(tmp_path: Path) -> Find:
    """Finds a Tolva where there are two profiles, `default` and `local`, and no data folder but the one given."""
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


class TestExitCodes:
    def test_done(self, dev: RunningDev) -> None:
        assert tolva("--version").code == exit_codes.OK == 0

    def test_refused(self, dev: RunningDev) -> None:
        done = tolva("datasets", "--url", dev.url, "--api-key", "nonsense")
        assert done.code == exit_codes.FAILED == 1
        assert "--api-key" in done.err

    @pytest.mark.parametrize("url", ["not a url", "ftp://example.test", "http://", "http://[::1", "http://a:b"])
    def test_an_address_that_is_none(self, url: str) -> None:
        done = tolva("datasets", "--url", url, "--api-key", "any", "--data", "/nonexistent")
        assert done.code == exit_codes.USAGE == 2
        assert "not a URL" in done.err

    def test_nothing_answers(self) -> None:
        url = f"http://127.0.0.1:{find_free_port()}"
        done = tolva("datasets", "--url", url, "--api-key", "any")
        assert done.code == exit_codes.UNREACHABLE == 3
        assert "tolva dev" in done.err
        away = tolva("datasets", "--url", "https://tolva.invalid", "--api-key", "any")
        assert (away.code, "tolva dev" in away.err) == (3, False)
        for command in (["login", "--key-stdin"], ["export", "x"], ["keys"]):
            assert tolva(*command, "--url", url, stdin="any", TOLVA_KEY="any").code == 3

    def test_something_that_is_no_tolva(self) -> None:
        for answer, media_type in ((b"<html>", "text/html"), (b"{}", "application/json"), (b"[", "application/json")):
            with answers(answer, media_type) as url:
                for arguments in (["datasets"], ["datasets", "--json"], ["records", "list", "any"], ["openapi"]):
                    if arguments[0] == "datasets" or media_type == "text/html":
                        done = tolva(*arguments, "--url", url, "--api-key", "any")
                        assert done.code == 1
                        assert "address of a Tolva" in done.err

    def test_arguments_that_are_not_utf_8(self, dev: RunningDev) -> None:
        for arguments in (["datasets", "show", "\udcff"], ["records", "list", "any", "a=\udcff"]):
            done = on(dev, *arguments)
            assert done.code == 2
            assert "UTF-8" in done.err

    def test_ctrl_c(self, dev: RunningDev) -> None:
        make(dev, "interrupted", [])
        variables = {"TOLVA_URL": dev.url, "TOLVA_KEY": ADMIN_KEY}
        assert on_terminal("datasets", "delete", "interrupted", answer=CTRL_C, **variables).code == 130
        assert dev.request("GET", "/datasets/interrupted").status_code == 200
        done = on_terminal("login", "--url", dev.url, answer=CTRL_C)
        assert done.code == exit_codes.INTERRUPTED == 130
        assert "Traceback" not in done.out

    def test_no_key(self, tmp_path: Path) -> None:
        done = tolva("datasets", "--data", str(tmp_path))
        assert done.code == 1
        assert "TOLVA_KEY" in done.err


class TestAddresses:
    @pytest.mark.parametrize(
        ("url", "local"),
        [
            ("http://127.0.0.1:8000", True),
            ("http://localhost", True),
            ("http://[::1]:80", True),
            ("https://example.test", False),
            ("http://127.0.0.1.example.test", False),
        ],
    )
    def test_is_local(self, url: str, local: bool) -> None:
        assert is_local(url) is local

    def test_problem(self) -> None:
        problem = {"title": "No", "detail": "Two mistakes.", "hint": "Fix them."}
        errors = [{"path": "name", "message": "too long"}, {"message": "too short"}]
        assert explain_problem(problem | {"errors": errors}).splitlines() == [
            "No: Two mistakes.",
            "  name: too long",
            "  too short",
            "Fix them.",
        ]
        # What the detail says is not said again.
        problem = {"title": "No", "detail": "'_sort' cannot be used: there is no column 'a'."}
        errors = [{"path": "_sort", "message": "There is no column 'a'."}]
        assert explain_problem(problem | {"errors": errors}) == f"No: {problem['detail']}"
