"""Uploads to the bucket in parts: each is a request of its own, and no file is there before the upload is complete."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from app.core.aws.clients import client
from app.core.aws.storage import PresignedUpload
from app.core.settings import get_settings

# S3 takes no more parts, none below this size but the last one, and none above that.
MAX_PARTS = 10_000
LEAST_PART_BYTES, MOST_PART_BYTES = 5 * 1024**2, 5 * 1024**3


class UploadGone(Exception):
    """The bucket has no such upload: it was completed, given up, or left for too long."""


@dataclass(frozen=True)
class Part:
    """A part that has arrived; its entity tag is the MD5 of its bytes, unless the bucket encrypts with a key of KMS."""

    number: int
    size: int
    etag: str


async def begin_upload(key: str, content_type: str) -> str:
    """Begin an upload in parts; its id."""
    s3 = await client("s3")
    begun = await s3.create_multipart_upload(Bucket=get_settings().bucket, Key=key, ContentType=content_type)
    return begun["UploadId"]


async def presign_part(key: str, upload_id: str, number: int, size: int) -> PresignedUpload:
    """Sign a PUT of a part of this size; the part replaces one of its number."""
    seconds = get_settings().upload_expiry_seconds
    params = {**_address(key, upload_id), "PartNumber": number, "ContentLength": size}
    s3 = await client("s3")
    url = await s3.generate_presigned_url("upload_part", Params=params, ExpiresIn=seconds)
    headers = {"Content-Length": str(size)}
    return PresignedUpload("PUT", url, headers, datetime.now(UTC) + timedelta(seconds=seconds))


async def list_parts(key: str, upload_id: str) -> list[Part]:
    """The parts that have arrived, in their order.

    Raises:
        UploadGone: there is no such upload.
    """
    s3 = await client("s3")
    parts: list[Part] = []
    try:
        async for page in s3.get_paginator("list_parts").paginate(**_address(key, upload_id)):
            parts += [Part(part["PartNumber"], part["Size"], part["ETag"].strip('"')) for part in page.get("Parts", [])]
    except s3.exceptions.ClientError as error:
        raise _gone(error) from None
    return parts


async def complete_upload(key: str, upload_id: str, parts: list[Part]) -> None:
    """Make the object of its parts; its arrival is announced as that of any other.

    Raises:
        UploadGone: there is no such upload.
    """
    s3 = await client("s3")
    listed: Any = [{"PartNumber": part.number, "ETag": part.etag} for part in parts]
    try:
        await s3.complete_multipart_upload(**_address(key, upload_id), MultipartUpload={"Parts": listed})
    except s3.exceptions.ClientError as error:
        raise _gone(error) from None


async def abort_upload(key: str, upload_id: str) -> None:
    """Give an upload up, and what has arrived of it; one that is gone is given up already."""
    s3 = await client("s3")
    try:
        await s3.abort_multipart_upload(**_address(key, upload_id))
    except s3.exceptions.ClientError as error:
        if not isinstance(_gone(error), UploadGone):
            raise


def _address(key: str, upload_id: str) -> dict[str, Any]:
    return {"Bucket": get_settings().bucket, "Key": key, "UploadId": upload_id}


def _gone(error: Any) -> Exception:
    """The meaning of an error of the bucket: UploadGone if it says so, else itself."""
    is_gone = error.response["Error"]["Code"] in ("NoSuchUpload", "404")
    return UploadGone(str(error)) if is_gone else error
