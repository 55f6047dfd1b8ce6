"""Originals that have arrived: each is checked once in effect, and its row becomes ready or rejected.

First the objects are written, then the mirror, then the row: a worker that dies leaves an image that is not ready, and
the next one writes the same objects.
"""

import asyncio
import hashlib
from typing import Any

from app.core import log
from app.core.aws.messages import MessageDeferred
from app.core.aws.storage import StoredObject, add_object, find_object, read_small
from app.core.database.sessions import transaction
from app.core.settings import MIB, get_settings
from app.images import mirror
from app.images.check.claims import Claim, claim_image, make_current
from app.images.check.heic import reads_heic
from app.images.check.process import get_processes
from app.images.check.rejection import Rejected
from app.images.check.report import CheckedPicture
from app.images.check.sniff import ACCEPTED, Sniffed, sniff
from app.images.file_names import UNKNOWN, media_type_of
from app.images.models import Image
from app.images.objects import master_key, variant_key
from app.images.removal import remove_objects
from app.images.variants.ladder import shape_name

ENDED = ("ready", "rejected")
HEIC_HINT = "HEIC is not read here: convert it to JPEG, or install the extra 'heic'."


class CheckBusy(MessageDeferred):
    """Another worker is checking the image; the message comes back in case that one dies."""


async def take_image(image: str, version: str | None = None) -> None:
    """Check an image whose original is in the bucket; one that has been checked, or is gone, is passed over.

    Raises:
        CheckBusy: another worker is checking it.
    """
    async with transaction() as session:
        row = await session.get(Image, image)
    if row is None:
        log.warning("image.unannounced", image=image)
        return
    if row.status in ENDED:
        return
    stored = await find_object(row.object_key, row.object_version or version)
    if stored is None:
        log.warning("image.original_gone", image=image)
        return
    await _check_stored(row, stored)


async def _check_stored(row: Image, stored: StoredObject) -> None:
    limit = get_settings().max_image_bytes
    if stored.size > limit:
        # It is not even read.
        rejected = Rejected("too_many_bytes", f"The file has {stored.size:,} bytes; {limit:,} are the most.")
        await _finish(row, await _claim(row, stored.version, stored.size), rejected)
        return
    original = await read_small(stored.key, stored.version)
    if original is not None:
        await _check(row, original, stored.version)


async def check_image(row: Image, original: bytes) -> Image:
    """Check an original that is in memory and in the bucket, and make its row ready or rejected; the row as it is then.

    Any number of them may be asked for at a time: as many are decoded as there are processes.

    Raises:
        CheckBusy: another worker is checking it.
    """
    await _check(row, original, row.object_version or "null")
    async with transaction() as session:
        found = await session.get(Image, row.id)
    return row if found is None else found


async def _check(row: Image, original: bytes, version: str) -> None:
    claim = await _claim(row, version, len(original))
    if claim is None:
        return
    async with claim.kept():
        try:
            checked = await _examine(row, original)
        except Rejected as rejected:
            await _finish(row, claim, rejected)
            return
        await _keep(row, claim, original, checked)


async def _claim(row: Image, version: str, size: int) -> Claim | None:
    """Take an image up; None if nothing is left to do."""
    claim = await claim_image(row.id, version, size)
    if claim is not None:
        return claim
    async with transaction() as session:
        current = await session.get(Image, row.id)
    if current is None or current.status in ENDED:
        return None
    raise CheckBusy(f"another worker is checking {row.id}")


async def _examine(row: Image, original: bytes) -> CheckedPicture:
    """Look at an original, from what costs nothing to the decoding.

    Raises:
        Rejected: it is not taken.
    """
    limit = get_settings().max_image_bytes
    if len(original) > limit:
        raise Rejected("too_many_bytes", f"The file has {len(original):,} bytes; {limit:,} are the most.")
    form = _accepted_format(sniff(original[:32]))
    if row.sha256 is not None and await _digest(original) != row.sha256:
        raise Rejected("checksum_mismatch", "The file is not the one that was announced: its SHA-256 is another.")
    return await get_processes().check(original, form)


def _accepted_format(sniffed: Sniffed) -> str:
    if sniffed.format == "heic" and not reads_heic():
        raise Rejected("format_not_accepted", HEIC_HINT)
    if sniffed.format is not None:
        return sniffed.format
    names = ", ".join(name for form, name in ACCEPTED.items() if form != "heic" or reads_heic())
    if sniffed.other is not None:
        raise Rejected("format_not_accepted", f"The file is {sniffed.other}; {names} are accepted.")
    raise Rejected("not_an_image", f"The file is no picture that is known; {names} are accepted.")


async def _digest(data: bytes) -> str:
    if len(data) < MIB:
        return hashlib.sha256(data).hexdigest()
    return (await asyncio.to_thread(hashlib.sha256, data)).hexdigest()


async def _keep(row: Image, claim: Claim, original: bytes, checked: CheckedPicture) -> None:
    values = {
        "status": "ready",
        "problem": None,
        "warnings": [*_mismatch(row, original), *checked.warnings],
        "sha256": await _digest(original),
        "format": sniff(original[:32]).format,
        "width": checked.width,
        "height": checked.height,
        "frames": checked.frames,
        "has_alpha": checked.has_alpha,
        "color": checked.color,
        "placeholder": checked.placeholder,
    }
    await add_object(master_key(row.id), checked.master, checked.master_type)
    await _add_first_variant(row, checked)
    await _finish(row, claim, values)


async def _add_first_variant(row: Image, checked: CheckedPicture) -> None:
    name = shape_name(checked.first_size[0], None, "webp")
    await add_object(variant_key(row.id, row.version, name), checked.first, "image/webp")


def _mismatch(row: Image, original: bytes) -> list[str]:
    """The warning of a name that says another format than the file has."""
    form = sniff(original[:32]).format
    said = media_type_of(row.filename)
    if said in (None, UNKNOWN, f"image/{form}", "image/heif" if form == "heic" else None):
        return []
    return [f"The name '{row.filename}' says {said}, but the file is {ACCEPTED[form or 'jpeg']}."]


async def _finish(row: Image, claim: Claim | None, outcome: dict[str, Any] | Rejected) -> None:
    """Write the outcome; what was written of an image that was deleted meanwhile is removed again."""
    if claim is None:
        return
    is_rejected = isinstance(outcome, Rejected)
    values = {"status": "rejected", "problem": outcome.document} if isinstance(outcome, Rejected) else outcome
    async with transaction() as session:
        is_written = await claim.finish(session, values)
        current: Image | None = await session.get(Image, row.id)
        if current is not None and is_written and not is_rejected:
            await make_current(session, row)
            # The row is held: nobody changes its text or its focal point until both are written.
            await mirror.put_image(current)
    if current is None:
        await remove_objects(row.id)
    if is_written:
        log.event(
            "image.checked",
            image=row.id,
            status=values["status"],
            problem=outcome.code if isinstance(outcome, Rejected) else None,
        )
