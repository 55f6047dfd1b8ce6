import pytest

from app.cli import exit_codes
from tests.cli.calls import tolva


class TestChoice:
    @pytest.mark.parametrize(
        ("arguments", "reason"),
        [
            (["a.csv", "--replace", "--upsert"], "Give one of --replace and --upsert"),
            (["--replace"], "name one"),
            (["--upsert"], "name one"),
            (["--port", "0"], "--port"),
            (["--inbox-mode", "merge"], "--inbox-mode"),
        ],
    )
    def test_what_cannot_be_meant_starts_nothing(self, arguments: list[str], reason: str) -> None:
        done = tolva("dev", *arguments)
        assert done.code == exit_codes.USAGE
        assert reason in done.err
