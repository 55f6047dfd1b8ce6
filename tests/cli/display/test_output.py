"""What commands write, and what the command line says of itself."""

import json
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.main import get_command

from app.cli.display.exact_json import cell, parse, write
from app.cli.display.pages import csv_line
from app.cli.display.visible import visible, visible_json, visible_lines
from app.cli.main import app
from tests.cli.calls import in_process, make, make_key, on_terminal, tolva
from tests.local.running import ADMIN_KEY, RunningDev, command

HOSTILE = "a\x1b[31m\u202e\n\t\x9bé😀\u200d\U000e0041"


class TestVisible:
    def test_a_line(self) -> None:
        assert visible(HOSTILE) == "a\\x1b[31m\\u202e\\n\\t\\x9bé😀\u200d\\U000e0041"

    def test_lines(self) -> None:
        assert visible_lines("a\n\x1b\r\n") == "a\n\\x1b\\r\n"

    def test_json_means_the_same(self) -> None:
        text = json.dumps({"a": HOSTILE}, ensure_ascii=False, indent=1)
        shown = visible_json(text)
        assert json.loads(shown) == {"a": HOSTILE}
        assert not set(shown) & set("\x1b\u202e\x9b\U000e0041")


class TestExactJson:
    def test_numbers_stay_texts(self) -> None:
        text = '{"a":[0.10,1e400,12345678901234567890.5],"b":{"c":-0.0,"d":true,"e":null,"f":"\\"\\u0001é"}}'
        assert write(parse(text)) == text

    def test_cells(self) -> None:
        values = parse('[null,"","a",1.50,true,{"a":1},[]]')
        assert [cell(value) for value in values] == ["", "", "a", "1.50", "true", '{"a":1}', "[]"]

    def test_lines_of_csv(self) -> None:
        assert (
            csv_line(parse('[null,"","a,b","\\"","\\n",1.0,true," ","\\\\."]'))
            == ',"","a,b","""","\n",1.0,true, ,"\\."\n'
        )


class TestVersion:
    def test_it_is_the_packages(self) -> None:
        project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text("utf-8"))
        assert tolva("--version").out == f"tolva {project['project']['version']}\n"


class TestColours:
    def test_with_and_without(self, dev: RunningDev) -> None:
        variables = {"TOLVA_URL": dev.url, "TOLVA_KEY": "wrong", "TERM": "xterm-256color"}
        assert "\x1b[" in on_terminal("datasets", **variables).out
        assert "\x1b[3" not in on_terminal("datasets", "--no-color", **variables).out
        assert "\x1b[3" not in on_terminal("datasets", NO_COLOR="1", **variables).out


def _commands(group: object = None, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, found in getattr(group or get_command(app), "commands", {}).items():
        yield (*path, name)
        yield from _commands(found, (*path, name))


class TestHelp:
    @pytest.mark.parametrize("path", [(), *_commands()], ids=" ".join)
    def test_it_fits_into_80_columns(self, path: tuple[str, ...]) -> None:
        done = tolva(*path, "--help", COLUMNS="80", TERMINAL_WIDTH="80")
        assert done.code == 0
        assert all(len(line) <= 80 for line in done.out.splitlines())
        assert "…" not in done.out

    def test_it_loads_nothing_heavy(self) -> None:
        script = "import sys, json, app.cli.main; print(json.dumps(sorted(sys.modules)))"
        command_line = [*command()[:1], "-c", script]
        loaded = json.loads(subprocess.run(command_line, capture_output=True, check=True, timeout=60).stdout)
        assert not {"pyarrow", "sqlalchemy", "fastapi", "aioboto3", "httpx"} & set(loaded)
        # What runs Tolva on this machine stays out, but for who holds a data folder: that needs Python alone.
        assert {name for name in loaded if name.startswith("app.local.")} == {"app.local.folder_lock"}


class TestCompletion:
    def complete(self, words: str, **variables: str) -> list[str]:
        """What bash offers for a line that ends so."""
        asked = {"_TOLVA_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split(" ")) - 1)}
        done = in_process(**asked, **variables)
        assert done.err == ""
        return done.out.split()

    def test_commands_and_datasets(self, dev: RunningDev) -> None:
        make(dev, "completed", [])
        variables = {"TOLVA_URL": dev.url, "TOLVA_KEY": ADMIN_KEY}
        assert self.complete("tolva datas", **variables) == ["datasets"]
        assert self.complete("tolva datasets ") == ["list", "show", "create", "change", "delete"]
        assert "completed" in self.complete("tolva datasets show comp", **variables)
        key = make_key(dev, "read", datasets=["completed"])
        assert self.complete(f"tolva export --url {dev.url} --api-key {key} comp") == ["completed"]

    def test_it_is_silent_if_nothing_answers(self) -> None:
        assert self.complete("tolva export any", TOLVA_URL="http://127.0.0.1:1", TOLVA_KEY="any") == []
        assert self.complete("tolva export any", TOLVA_URL="nonsense") == []

    @pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
    def test_the_script_of_a_shell(self, shell: str) -> None:
        # Typer looks at the processes above for the shell, and there may be none.
        done = in_process("--show-completion", shell, _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1")
        assert done.code == 0
        assert "_TOLVA_COMPLETE" in done.out
