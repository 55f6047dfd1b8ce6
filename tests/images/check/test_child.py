"""The child process by itself, as a program."""

import io
import subprocess
import sys

from app.images.check.frames import read_frame, write_frame
from app.images.check.process import MODULE
from tests.images import pictures

LIMITS = {"pixels": 1_000_000, "side": 16_383, "frames": 500, "animation_pixels": 10**8, "edge": 200}


class TestChild:
    def test_it_answers_each_picture_and_ends_with_its_input(self) -> None:
        pipe = io.BytesIO()
        for data in (pictures.encoded(), pictures.huge_jpeg()):
            write_frame(pipe, {"format": "jpeg", "limits": LIMITS, "seconds": 20}, data)
        command = [sys.executable, "-m", MODULE, str(1 << 30)]
        done = subprocess.run(command, input=pipe.getvalue(), capture_output=True, check=True)
        answers = io.BytesIO(done.stdout)
        first = read_frame(answers)
        assert first is not None
        assert first[0]["checked"]["width"] == 400
        assert first[1][:3] == b"\xff\xd8\xff"
        second = read_frame(answers)
        assert second is not None
        assert second[0]["rejected"]["code"] == "too_many_pixels"
        assert read_frame(answers) is None

    def test_it_ends_by_itself_when_a_picture_takes_too_long(self) -> None:
        pipe = io.BytesIO()
        write_frame(pipe, {"format": "jpeg", "limits": LIMITS, "seconds": -1.99}, pictures.encoded(".jpg", 4000, 4000))
        command = [sys.executable, "-m", MODULE, str(1 << 30)]
        limits = pipe.getvalue().replace(b'"pixels": 1000000', b'"pixels":99999999')
        done = subprocess.run(command, input=limits, capture_output=True, check=False)
        assert done.returncode < 0
