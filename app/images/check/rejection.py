"""The reasons for which a picture is rejected, each a code and a sentence. Pure."""

from typing import Any, Literal

Code = Literal[
    "not_an_image",
    "format_not_accepted",
    "too_many_bytes",
    "too_many_pixels",
    "too_many_frames",
    "truncated",
    "undecodable",
    "checksum_mismatch",
    "not_uploaded",
    "lost",
]


class Rejected(Exception):
    """The picture is not taken."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    @property
    def document(self) -> dict[str, Any]:
        """The `problem` of the image's row."""
        return {"code": self.code, "message": self.message}
