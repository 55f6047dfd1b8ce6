"""The outcome of uploads of pictures."""

from pathlib import Path
from typing import Any

import pytest

from app.cli.images.pictures import Picture
from app.cli.images.upload import Uploaded

PICTURE = Picture(Path("a.png"), "a.png", 5)


def image(status: str, problem: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"id": "img_1", "status": status, "problem": problem}


class TestOutcome:
    @pytest.mark.parametrize(
        ("outcome", "state", "reason"),
        [
            (Uploaded(PICTURE, image("ready")), "ready", None),
            (Uploaded(PICTURE, image("ready"), unchanged=True), "unchanged", None),
            (Uploaded(PICTURE, image("checking")), "checking", "it is still being checked"),
            (Uploaded(PICTURE, image("rejected", {"code": "x", "message": "it is cut"})), "rejected", "it is cut"),
            (Uploaded(PICTURE, failure="refused"), "failed", "refused"),
        ],
    )
    def test_says_what_happened(self, outcome: Uploaded, state: str, reason: str | None) -> None:
        assert (outcome.state, outcome.reason) == (state, reason)
