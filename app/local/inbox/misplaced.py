"""Files outside the bucket's inbox: no event announces them, so Tolva looks for them."""

from app.core import log
from app.core.aws.clients import client
from app.core.settings import get_settings
from app.imports.models import INBOX

MAX_KEYS = 100


class MisplacedFiles:
    """Reports each file once if it is at the bucket's root, or in a folder that is called inbox but for its case."""

    def __init__(self) -> None:
        self._reported: set[str] = set()

    async def report(self) -> None:
        """Log what has come since the last time."""
        for key in await self._list():
            if key not in self._reported:
                self._reported.add(key)
                log.warning("inbox.ignored", key=key, hint="Drop files at inbox/{dataset}/{name}.csv.")

    async def _list(self) -> list[str]:
        s3 = await client("s3")
        bucket = get_settings().bucket
        top = await s3.list_objects_v2(Bucket=bucket, Delimiter="/", MaxKeys=MAX_KEYS)
        keys = [item["Key"] for item in top.get("Contents", [])]
        for found in top.get("CommonPrefixes", []):
            prefix = found["Prefix"]
            if prefix != INBOX and prefix.lower() == INBOX:
                below = await s3.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=MAX_KEYS)
                keys += [item["Key"] for item in below.get("Contents", [])]
        return keys
