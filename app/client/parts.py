"""A file sent part by part: what has arrived is not sent again, and what breaks off is tried again."""

import hashlib
import time
from collections.abc import Callable
from io import BytesIO
from typing import BinaryIO

from app.client.api import Client, CommandError, Document, Unreachable, UploadFailed, send_bytes

# From this size on a file goes in parts: to send a smaller one again takes a moment.
LEAST_BYTES = 256 * 1024**2
# Attempts to send a part, with a pause between any two that doubles.
ATTEMPTS = 6
FIRST_PAUSE_SECONDS = 1.0


class UploadBroke(CommandError):
    """A part could not be sent; those that have arrived stay."""


class FileChanged(CommandError):
    """The file is not the one that was announced."""


def upload_parts(client: Client, import_id: str, stream: BinaryIO, size: int, sent: Callable[[int], None]) -> None:
    """Send the parts of a file of `size` bytes that have not arrived, and complete the upload.

    `sent` gets the number of bytes of each block, and of each part that was there.

    Raises:
        UploadBroke: a part could not be sent, after several attempts.
        FileChanged: the file has another size than was announced, or gets another one meanwhile.
        ApiError, Unreachable: the API refuses, or is away.
    """
    plan = client.request("GET", f"/imports/{import_id}/parts")
    if plan["size"] != size:
        raise FileChanged(f"The file has {size:,} bytes, and {plan['size']:,} were announced: it is another one.")
    arrived = {part["part"]: part["etag"] for part in plan["data"]}
    for number in range(1, plan["count"] + 1):
        stream.seek((number - 1) * plan["part_bytes"])
        content = stream.read(min(plan["part_bytes"], size - stream.tell()))
        if arrived.get(number) == hashlib.md5(content, usedforsecurity=False).hexdigest():
            sent(len(content))
            continue
        _send(client, import_id, number, content)
        sent(len(content))
    client.request("POST", f"/imports/{import_id}/complete")


def _send(client: Client, import_id: str, number: int, content: bytes) -> None:
    pause = FIRST_PAUSE_SECONDS
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(pause)
            pause *= 2
        try:
            # Signed for each attempt: an earlier address may have expired.
            signed: Document = client.request("POST", f"/imports/{import_id}/parts", body={"parts": [number]})
            (part,) = signed["data"]
            if part["size"] != len(content):
                raise FileChanged("The file became shorter while it was sent.")
            send_bytes(part, BytesIO(content), len(content), lambda _: None)
        except (UploadFailed, Unreachable) as error:
            failure = error
        else:
            return
    raise UploadBroke(f"Part {number} could not be sent: {failure}")
