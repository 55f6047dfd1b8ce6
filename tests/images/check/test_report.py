"""The outcome of a check, as it goes through the pipe."""

import json
from typing import Any

import pytest

from app.images.check.report import checked_picture

MEMBERS: dict[str, Any] = {
    "width": 4,
    "height": 3,
    "frames": 1,
    "has_alpha": False,
    "color": "#000000",
    "placeholder": "data:image/webp;base64,UklGRg==",
    "warnings": [],
    "master_type": "image/jpeg",
    "first_size": (4, 3),
}


class TestReport:
    def test_it_is_whole_after_the_pipe(self) -> None:
        picture = checked_picture(json.loads(json.dumps(MEMBERS)), [b"master", b"first"])
        assert (picture.master, picture.first, picture.first_size) == (b"master", b"first", (4, 3))
        assert (picture.width, picture.height, picture.master_type) == (4, 3, "image/jpeg")

    @pytest.mark.parametrize(
        "members",
        [
            {"color": '#000000","id":"x'},
            {"placeholder": 'data:image/webp;base64,AA","x":"'},
            {"placeholder": "javascript:alert(1)"},
            {"width": "4"},
            {"width": 0},
            {"has_alpha": 1},
            {"frames": True},
            {"master_type": "text/html"},
            {"warnings": [{}]},
            {"other": 1},
        ],
    )
    def test_nothing_else_gets_through(self, members: dict[str, Any]) -> None:
        with pytest.raises((ValueError, TypeError)):
            checked_picture({**MEMBERS, **members}, [b"master", b"first"])
