"""The outcome of a check, as it goes through the pipe."""

import json

from app.images.check.report import checked_picture

MEMBERS = {
    "width": 4,
    "height": 3,
    "frames": 1,
    "has_alpha": False,
    "color": "#000000",
    "placeholder": "data:,",
    "warnings": [],
    "master_type": "image/jpeg",
    "first_size": (4, 3),
}


class TestReport:
    def test_it_is_whole_after_the_pipe(self) -> None:
        picture = checked_picture(json.loads(json.dumps(MEMBERS)), [b"master", b"first"])
        assert (picture.master, picture.first, picture.first_size) == (b"master", b"first", (4, 3))
        assert (picture.width, picture.height, picture.master_type) == (4, 3, "image/jpeg")
