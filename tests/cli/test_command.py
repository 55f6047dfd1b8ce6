import inspect

import pytest

from app.cli.command import Tolva, connected, make_output
from tests.cli.calls import tolva


class TestConnected:
    def test_a_command_gets_the_common_options(self) -> None:
        def show(_: Tolva, name: str, *, limit: int = 5) -> None:
            """Show something."""

        parameters = list(inspect.signature(connected(show)).parameters)
        assert parameters[:2] == ["name", "limit"]
        assert {"url", "api_key", "profile", "data", "as_json", "quiet", "no_color", "key"} <= {*parameters}

    def test_one_that_is_about_a_key_keeps_its_own(self) -> None:
        def show(_: Tolva, *, key: str = "") -> None:
            """Show something."""

        assert list(inspect.signature(connected(show)).parameters).count("key") == 1

    @pytest.mark.parametrize("arguments", [("datasets",), ("keys",), ("records", "list", "a"), ("openapi",)])
    def test_each_command_says_that_nothing_answers(self, arguments: tuple[str, ...]) -> None:
        done = tolva(*arguments, "--url", "http://127.0.0.1:9", "--api-key", "x")
        assert done.code == 3
        assert "Nothing answers at http://127.0.0.1:9" in done.err


class TestMakeOutput:
    def test_it_shows_as_the_options_say(self) -> None:
        output = make_output(as_json=True, quiet=True)
        assert (output.as_json, output.is_quiet) == (True, True)
