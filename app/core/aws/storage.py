"""Files in the bucket: presigned uploads, reads of one pinned version, streamed writes."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from app.core import log
from app.core.aws.clients import client
from app.core.errors import ServiceUnavailable
from app.core.settings import get_settings

if TYPE_CHECKING:
    from types_aiobotocore_s3.type_defs import CompletedPartTypeDef, GetObjectOutputTypeDef

READ_ATTEMPTS = 4
# The answers for a key or a version that is not there.
MISSING = (400, 404)
# The most objects of one request.
MOST_DELETED = 1000
# S3 takes no part below 5 MiB but the last one.
PART_SIZE = 5 * 1024 * 1024
# It takes 10,000 of them at most, so they grow: an object of 150 GB has room.
PARTS_OF_A_SIZE = 2000


def storage_errors() -> tuple[type[Exception], ...]:
    """The errors of a bucket that does not answer as it should."""
    from aiohttp import ClientError as HttpError  # noqa: PLC0415  # slow to load, as every client is
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    return (BotoCoreError, ClientError, HttpError, TimeoutError, OSError)


@dataclass(frozen=True)
class StoredObject:
    """One version of one file in the bucket; `size` in bytes as it is stored."""

    key: str
    version: str
    size: int
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class PresignedUpload:
    """A request that its holder may send once to put one file in the bucket."""

    method: str
    url: str
    headers: dict[str, str]
    expires_at: datetime


async def presign_upload(
    key: str, *, size: int | None, content_type: str, checksum: str | None = None
) -> PresignedUpload:
    """Sign a PUT of `key`; a given size and SHA-256 (in base64) are signed too, so no other file is accepted.

    An object that is there already is never overwritten.
    """
    seconds = get_settings().upload_expiry_seconds
    params: dict[str, str | int] = {
        "Bucket": get_settings().bucket,
        "Key": key,
        "ContentType": content_type,
        "IfNoneMatch": "*",
    }
    headers = {"Content-Type": content_type, "If-None-Match": "*"}
    if size is not None:
        params["ContentLength"] = size
        headers["Content-Length"] = str(size)
    if checksum is not None:
        params["ChecksumSHA256"] = checksum
        headers["x-amz-checksum-sha256"] = checksum
    s3 = await client("s3")
    url = await s3.generate_presigned_url("put_object", Params=params, ExpiresIn=seconds)
    return PresignedUpload("PUT", url, headers, datetime.now(UTC) + timedelta(seconds=seconds))


async def presign_download(key: str, *, seconds: int, disposition: str | None = None) -> str:
    """Sign a GET of an object, for anyone within so many seconds; a browser keeps it as `disposition` says."""
    params = {"Bucket": get_settings().bucket, "Key": key}
    if disposition is not None:
        params["ResponseContentDisposition"] = disposition
    s3 = await client("s3")
    url: str = await s3.generate_presigned_url("get_object", Params=params, ExpiresIn=seconds)
    return url


async def write_object(key: str, content: bytes, content_type: str) -> str:
    """Write a small object; its version.

    Raises:
        ServiceUnavailable: the bucket does not take it.
    """
    s3 = await client("s3")
    try:
        written = await s3.put_object(Bucket=get_settings().bucket, Key=key, Body=content, ContentType=content_type)
    except storage_errors() as error:
        log.failure("object.unwritten", error, key=key)
        raise ServiceUnavailable("The storage cannot accept the file now.") from error
    return written.get("VersionId") or "null"


async def add_object(key: str, content: bytes, content_type: str) -> bool:
    """Write a small object that is never overwritten; return False if one of this key is there already.

    Raises:
        ServiceUnavailable: the bucket does not take it.
    """
    from botocore.exceptions import ClientError  # noqa: PLC0415  # slow to load, as every client is

    s3 = await client("s3")
    try:
        await s3.put_object(
            Bucket=get_settings().bucket, Key=key, Body=content, ContentType=content_type, IfNoneMatch="*"
        )
    except storage_errors() as error:
        # 409: another write of the key is under way.
        if isinstance(error, ClientError) and error.response["ResponseMetadata"]["HTTPStatusCode"] in (409, 412):
            return False
        log.failure("object.unwritten", error, key=key)
        raise ServiceUnavailable("The storage cannot accept the file now.") from error
    return True


async def read_small(key: str, version: str | None = None) -> bytes | None:
    """All of a small object (its newest version unless one is named), or None if it does not exist.

    Raises:
        ServiceUnavailable: the bucket does not answer.
    """
    from botocore.exceptions import ClientError  # noqa: PLC0415  # slow to load, as every client is

    s3 = await client("s3")
    try:
        if version is None:
            answer = await s3.get_object(Bucket=get_settings().bucket, Key=key)
        else:
            answer = await s3.get_object(Bucket=get_settings().bucket, Key=key, VersionId=version)
        return await answer["Body"].read()
    except storage_errors() as error:
        if isinstance(error, ClientError) and error.response["ResponseMetadata"]["HTTPStatusCode"] in MISSING:
            return None
        log.failure("object.unread", error, key=key)
        raise ServiceUnavailable("The storage cannot give the file now.") from error


@dataclass(frozen=True)
class StoredVersion:
    """A version of an object, or the mark of its deletion."""

    key: str
    version: str
    modified_at: datetime


async def list_versions(prefix: str, after: str = "") -> AsyncIterator[list[StoredVersion]]:
    """Every version of the objects below a prefix that come after a key, some 1,000 at a time, deletion marks too."""
    s3 = await client("s3")
    bucket, key, version = get_settings().bucket, after, ""
    while True:
        place = {"KeyMarker": key, "VersionIdMarker": version} if version else {"KeyMarker": key}
        page = await s3.list_object_versions(Bucket=bucket, Prefix=prefix, **place)  # type: ignore[arg-type]  # of texts
        found = (*page.get("Versions", []), *page.get("DeleteMarkers", []))
        # A server may begin with the key itself.
        kept = (item for item in found if item["Key"] > after)
        yield [StoredVersion(item["Key"], item["VersionId"], item["LastModified"]) for item in kept]
        if not page.get("IsTruncated"):
            return
        key, version = page["NextKeyMarker"], page.get("NextVersionIdMarker", "")


async def delete_versions(versions: Sequence[StoredVersion]) -> None:
    """Delete versions of objects for good; those that are gone are deleted already."""
    s3 = await client("s3")
    for start in range(0, len(versions), MOST_DELETED):
        some = versions[start : start + MOST_DELETED]
        answer = await s3.delete_objects(
            Bucket=get_settings().bucket,
            Delete={"Objects": [{"Key": one.key, "VersionId": one.version} for one in some], "Quiet": True},
        )
        if failed := answer.get("Errors"):
            raise ServiceUnavailable(f"The storage did not delete {len(failed)} of {len(some)} objects.")


async def delete_below(prefix: str) -> int:
    """Delete every version of everything below a prefix for good; how many there were."""
    deleted = 0
    async for versions in list_versions(prefix):
        await delete_versions(versions)
        deleted += len(versions)
    return deleted


async def find_object(key: str, version: str | None = None) -> StoredObject | None:
    """The object at `key` (its newest version unless one is named), or None if it does not exist."""
    from botocore.exceptions import ClientError  # noqa: PLC0415  # slow to load, as every client is

    s3 = await client("s3")
    bucket = get_settings().bucket
    try:
        if version is None:
            head = await s3.head_object(Bucket=bucket, Key=key)
        else:
            head = await s3.head_object(Bucket=bucket, Key=key, VersionId=version)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 404):
            return None
        raise
    return StoredObject(key, head.get("VersionId") or "null", head["ContentLength"], head["Metadata"])


async def list_pages(prefix: str, after: str = "") -> AsyncIterator[list[str]]:
    """The keys below a prefix that come after a key, in the bucket's order, some 1,000 at a time."""
    s3 = await client("s3")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=get_settings().bucket, Prefix=prefix, StartAfter=after)
    async for page in pages:
        yield [item["Key"] for item in page.get("Contents", [])]


async def read_object(stored: StoredObject, start: int = 0, end: int | None = None) -> AsyncGenerator[bytes]:
    """The bytes of one version, or those from `start` to `end`, in blocks as they arrive.

    A connection that breaks, or ends too early, is resumed at that byte; after READ_ATTEMPTS in a row without a byte
    the error is raised, one of `storage_errors`.
    """
    position, failures = start, 0
    end = stored.size if end is None else end
    while position < end:
        try:
            async with aclosing(_read_from(stored, position, end)) as blocks:
                async for block in blocks:
                    position += len(block)
                    failures = 0
                    yield block
            if position < end:
                raise OSError(f"'{stored.key}' ended after {position:,} of {end:,} bytes")
        except storage_errors():
            failures += 1
            if failures == READ_ATTEMPTS:
                raise


async def read_range(stored: StoredObject, start: int, end: int) -> bytes:
    """The bytes of one version from `start` to `end`, as `read_object` has them."""
    return b"".join([block async for block in read_object(stored, start, end)])


async def _get_from(stored: StoredObject, start: int, end: int) -> "GetObjectOutputTypeDef":
    s3 = await client("s3")
    bucket = get_settings().bucket
    if end == stored.size:
        return await s3.get_object(Bucket=bucket, Key=stored.key, VersionId=stored.version, Range=f"bytes={start}-")
    wanted = f"bytes={start}-{end - 1}"
    # The emulator ignores the range of a named version, and sends all of it: the newest version mostly is the one.
    with suppress(*storage_errors()):
        response = await s3.get_object(Bucket=bucket, Key=stored.key, Range=wanted)
        if (response.get("VersionId") or "null") == stored.version:
            return response
        response["Body"].close()
    return await s3.get_object(Bucket=bucket, Key=stored.key, VersionId=stored.version, Range=wanted)


async def _read_from(stored: StoredObject, start: int, end: int) -> AsyncGenerator[bytes]:
    response = await _get_from(stored, start, end)
    body = response["Body"]
    # A server may answer with the whole file, ignoring the range.
    to_skip = 0 if response.get("ContentRange") else start
    left = end - start
    # Entered, it gives the HTTP response instead of itself: what arrives is passed on as it comes, without a copy.
    async with body as http:
        async for block, _ in http.content.iter_chunks():
            found = block[to_skip:]
            to_skip -= len(block) - len(found)
            if wanted := found[:left]:
                left -= len(wanted)
                yield wanted
            if not left:
                return


def part_size(number: int) -> int:
    """The size in bytes of the part with a number, counted from 0, unless it is the last one."""
    return PART_SIZE * (1 + number // PARTS_OF_A_SIZE)


class ObjectWriter:
    """Writes one object of any size; nothing is visible before `finish`.

    One part is on its way while the next is put together. What goes wrong with a part is raised by the next call.
    """

    def __init__(self, key: str, content_type: str) -> None:
        self._bucket = get_settings().bucket
        self._key = key
        self._content_type = content_type
        self._blocks: list[bytes] = []
        self._size = 0
        self._upload_id: str | None = None
        self._etags: list[str] = []
        self._sending: asyncio.Task[None] | None = None

    async def write(self, block: bytes) -> None:
        self._blocks.append(block)
        self._size += len(block)
        if self._size >= part_size(len(self._etags)):
            # Awaited first: the part that is on its way and this one are then never in memory three times.
            await self._until_sent()
            self._sending = asyncio.create_task(self._send_part(self._take()))

    def _take(self) -> bytes:
        """The bytes that were written and are not being sent yet."""
        part = b"".join(self._blocks)
        self._blocks, self._size = [], 0
        return part

    async def finish(self) -> None:
        """Make the object visible, with all that was written."""
        await self._until_sent()
        if self._upload_id is None:
            s3 = await client("s3")
            await s3.put_object(Bucket=self._bucket, Key=self._key, Body=self._take(), ContentType=self._content_type)
        else:
            await self._complete(self._upload_id)

    async def abort(self) -> None:
        """Give up: nothing of what was written is kept."""
        if self._sending is not None:
            self._sending.cancel()
            await asyncio.gather(self._sending, return_exceptions=True)
        if self._upload_id is not None:
            s3 = await client("s3")
            await s3.abort_multipart_upload(Bucket=self._bucket, Key=self._key, UploadId=self._upload_id)

    async def _until_sent(self) -> None:
        sending, self._sending = self._sending, None
        if sending is not None:
            await sending

    async def _send_part(self, part: bytes) -> None:
        s3 = await client("s3")
        if self._upload_id is None:
            started = await s3.create_multipart_upload(
                Bucket=self._bucket, Key=self._key, ContentType=self._content_type
            )
            self._upload_id = started["UploadId"]
        number = len(self._etags) + 1
        sent = await s3.upload_part(
            Bucket=self._bucket, Key=self._key, UploadId=self._upload_id, PartNumber=number, Body=part
        )
        self._etags.append(sent["ETag"])

    async def _complete(self, upload_id: str) -> None:
        if self._size:
            await self._send_part(self._take())
        s3 = await client("s3")
        parts: list[CompletedPartTypeDef] = [
            {"ETag": etag, "PartNumber": number} for number, etag in enumerate(self._etags, 1)
        ]
        await s3.complete_multipart_upload(
            Bucket=self._bucket,
            Key=self._key,
            UploadId=upload_id,
            MultipartUpload={"Parts": parts},
        )


async def open_storage() -> None:
    """Make the client, which takes longer than most requests, before it is needed."""
    await client("s3")


async def check_bucket() -> None:
    """Raise one of `storage_errors` when the bucket cannot be reached."""
    s3 = await client("s3")
    await s3.head_bucket(Bucket=get_settings().bucket)
