"""A file of the inbox on its way into the bucket: whole, and as it was when it was hashed, or not at all."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal

from app.client.api import CommandError, upload_file
from app.core.aws.clients import client
from app.core.aws.storage import find_object
from app.core.settings import get_settings
from app.local.process import ignore

if TYPE_CHECKING:
    from types_aiobotocore_s3.type_defs import PutObjectRequestTypeDef

Mode = Literal["append", "upsert", "replace"]

# Metadata that the bucket keeps with a file, to recognize it.
HASH = "sha256"


def inbox_key(file: Path) -> str:
    """The key in the bucket of a file in a dataset's folder."""
    return f"inbox/{file.parent.name}/{file.name}"


def hash_file(file: Path) -> str:
    """The SHA-256 of a file's content."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


class Verified:
    """A file that ends with an error if it is not what was hashed: then its last block is never sent."""

    def __init__(self, stream: BinaryIO, size: int, sha256: str) -> None:
        self._stream = stream
        self._left = size
        self._sha256 = sha256
        self._hash = hashlib.sha256()

    def read(self, most: int) -> bytes:
        """The next bytes; CommandError if these are the last and the file is another one."""
        block = self._stream.read(most)
        self._hash.update(block)
        self._left -= len(block)
        if self._left == 0 and block and self._hash.hexdigest() != self._sha256:
            raise CommandError("The file changed while it was sent.")
        return block


async def find_version(key: str, sha256: str) -> str | None:
    """The version in the bucket of a file that was sent, None if it is not there."""
    stored = await find_object(key)
    return stored.version if stored is not None and stored.metadata.get(HASH) == sha256 else None


async def sign_upload(key: str, size: int, sha256: str, mode: Mode) -> dict[str, object]:
    """The request that puts a file into the bucket, with how it is to be imported."""
    metadata = {HASH: sha256, "mode": mode}
    params: PutObjectRequestTypeDef = {
        "Bucket": get_settings().bucket,
        "Key": key,
        "ContentLength": size,
        "Metadata": metadata,
    }
    s3 = await client("s3")
    url = await s3.generate_presigned_url(
        "put_object", Params=dict(params), ExpiresIn=get_settings().upload_expiry_seconds
    )
    headers = {f"x-amz-meta-{name}": value for name, value in metadata.items()} | {"Content-Length": str(size)}
    return {"method": "PUT", "url": url, "headers": headers}


def send_file(file: Path, upload: dict[str, object], size: int, sha256: str) -> None:
    """Send a file as `upload` says.

    Raises:
        CommandError: it is not as it was hashed any more, or the bucket does not take it.
    """
    with file.open("rb") as stream:
        upload_file(upload, Verified(stream, size, sha256), size, ignore)
