import io

import pytest
import typer

from app.cli import exit_codes
from app.cli.arguments.questions import ask_for


class TestAskFor:
    def test_who_has_said_yes_is_not_asked(self, capsys: pytest.CaptureFixture[str]) -> None:
        ask_for("things", "Delete it?", yes=True)
        assert capsys.readouterr().err == ""

    def test_without_a_terminal_the_option_is_named(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO("things\n"))
        with pytest.raises(typer.Exit) as ended:
            ask_for("things", "Delete it?", yes=False)
        assert ended.value.exit_code == exit_codes.USAGE
        assert "Say --yes" in capsys.readouterr().err
