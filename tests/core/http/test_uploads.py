"""Uploads as bodies show them."""

from datetime import UTC, datetime

from app.core.aws.storage import PresignedUpload
from app.core.http.uploads import Upload


class TestUpload:
    def test_it_is_the_request_that_was_signed(self) -> None:
        end = datetime(2026, 1, 31, tzinfo=UTC)
        shown = Upload.of(PresignedUpload("PUT", "https://bucket.example/a", {"Content-Length": "5"}, end))
        assert shown.model_dump() == {
            "method": "PUT",
            "url": "https://bucket.example/a",
            "headers": {"Content-Length": "5"},
            "fields": {},
            "expires_at": end,
        }
