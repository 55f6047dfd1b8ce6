"""libvips, closed but for the loaders that are needed."""

import subprocess
import sys

import pytest

from app.images.engine import PictureError, open_picture

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>'


class TestLoaders:
    @pytest.mark.parametrize("data", [SVG, b"P5\n1 1\n255\na", b"%PDF-1.4\n", b"1,2\n3,4\n"], ids=str)
    def test_others_are_closed(self, data: bytes) -> None:
        with pytest.raises(PictureError):
            open_picture(data, "")


class TestMessages:
    """Python never runs in a thread of libvips: collecting garbage there aborts the process."""

    PROGRAM = """
import gc, logging, sys
from app.images import engine
logging.basicConfig(level=logging.DEBUG)
whole = engine.from_pixels(bytes(3 * 600 * 600), 600, 600, 3).write_to_buffer(".jpg")
for _ in range(20):
    # libvips warns of it while a thread of its own decodes it.
    cut = engine.thumbnail(whole[: len(whole) // 2] + bytes(40), 300)
    cut.write_to_buffer(".jpg")
import pyvips
print(pyvips._log_handler_id)
"""

    def test_none_is_logged_by_it(self) -> None:
        command = [sys.executable, "-c", self.PROGRAM]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
        assert (done.stdout.strip(), [line for line in done.stderr.splitlines() if "VIPS" in line]) == ("None", [])
