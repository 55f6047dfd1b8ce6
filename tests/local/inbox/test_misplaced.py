import logging

import pytest

from app.core.aws.clients import client
from app.core.settings import get_settings
from app.local.inbox.misplaced import MisplacedFiles

pytestmark = pytest.mark.usefixtures("database_url")


class TestReport:
    async def test_each_file_beside_the_inbox_is_reported_once(self, caplog: pytest.LogCaptureFixture) -> None:
        s3 = await client("s3")
        for key in ("a.csv", "Inbox/things/b.csv", "inbox/things/c.csv", "uploads/d.csv"):
            await s3.put_object(Bucket=get_settings().bucket, Key=key, Body=b"x")
        files = MisplacedFiles()
        with caplog.at_level(logging.WARNING, "tolva"):
            await files.report()
            await files.report()
        keys = [record.__dict__["fields"]["key"] for record in caplog.records if record.message == "inbox.ignored"]
        assert keys == ["a.csv", "Inbox/things/b.csv"]
