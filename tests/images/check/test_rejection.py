"""Rejections as a row keeps them."""

from app.images.check.rejection import Rejected


class TestRejected:
    def test_its_document(self) -> None:
        rejected = Rejected("truncated", "The file ends too early.")
        assert rejected.document == {"code": "truncated", "message": "The file ends too early."}
        assert str(rejected) == "The file ends too early."
