from pathlib import Path

import pytest

from app.cli import exit_codes
from app.local.services.emulator import find_free_port
from tests.cli.calls import CTRL_C, make, on, on_terminal, tolva
from tests.cli.servers import answers
from tests.local.running import ADMIN_KEY, RunningDev


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
