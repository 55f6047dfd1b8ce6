"""The output of commands, and the help of the command line."""

from tests.cli.calls import on_terminal
from tests.local.running import RunningDev


class TestColours:
    def test_with_and_without(self, dev: RunningDev) -> None:
        variables = {"TOLVA_URL": dev.url, "TOLVA_KEY": "wrong", "TERM": "xterm-256color"}
        assert "\x1b[" in on_terminal("datasets", **variables).out
        assert "\x1b[3" not in on_terminal("datasets", "--no-color", **variables).out
        assert "\x1b[3" not in on_terminal("datasets", NO_COLOR="1", **variables).out
