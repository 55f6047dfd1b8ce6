"""The search for orphans: objects of images that are gone, and images whose objects are gone.

Each search looks at a limited part of the bucket and of the catalogue and keeps its place in the table, so that the
next one continues there, in any process.
"""

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlmodel import col

from app.core import log
from app.core.aws.storage import StoredVersion, delete_versions, find_object, list_versions
from app.core.database.sessions import transaction
from app.core.dynamo import table
from app.images import mirror
from app.images.check.claims import make_current
from app.images.check.rejection import Rejected
from app.images.models import Image
from app.images.objects import INCOMING, KEPT, VARIANTS, image_of, master_key

ADDRESS = ("recovery", "images")
PREFIXES = (INCOMING, KEPT, VARIANTS)
# How long an object may be there before its row is, or a variant of a version that has just become an old one.
GRACE = timedelta(hours=24)
VERSIONS_AT_ONCE = 2000
ROWS_AT_ONCE = 100
REST_SECONDS = 300
LOST = Rejected("lost", "The file and its copy are no longer in the bucket: upload it again.")


@dataclass
class Place:
    """How far the searches are: the last key that was seen below a prefix, and the last image."""

    prefix: str = PREFIXES[0]
    key: str = ""
    image: str = ""
    # No search begins before, in seconds since 1970.
    rests_until: int = 0


async def sweep(*, grace: timedelta = GRACE, rest: float = REST_SECONDS) -> None:
    """Search a part of the bucket for objects without an image, and some images for their objects."""
    item = await table.find_item(*ADDRESS)
    place = Place() if item is None else Place(**{name: item[name] for name in vars(Place())})
    if time.time() < place.rests_until:
        return
    await _sweep_bucket(place, datetime.now(UTC) - grace)
    await _sweep_rows(place)
    place.rests_until = int(time.time() + rest)
    pk, sk = ADDRESS
    await table.put_item({"pk": pk, "sk": sk, **vars(place)})


async def _sweep_bucket(place: Place, before: datetime) -> None:
    seen = 0
    async for versions in list_versions(place.prefix, place.key):
        await _remove_orphans([version for version in versions if version.modified_at < before])
        seen += len(versions)
        if seen >= VERSIONS_AT_ONCE:
            # The versions of one key may be on two pages: it is looked at once more from the one before it.
            place.key = max(version.key for version in versions)
            return
    place.prefix = PREFIXES[(PREFIXES.index(place.prefix) + 1) % len(PREFIXES)]
    place.key = ""


async def _remove_orphans(versions: Sequence[StoredVersion]) -> None:
    known = await _known_versions({image_of(version.key) or "" for version in versions})
    orphans = [version for version in versions if not _is_known(version.key, known)]
    if orphans:
        await delete_versions(orphans)
        log.event("images.orphans_removed", count=len(orphans), first=orphans[0].key)


async def _known_versions(images: Collection[str]) -> dict[str, str]:
    """The current version of those of some images that exist."""
    if not images:
        return {}
    async with transaction() as session:
        found = await session.execute(select(col(Image.id), col(Image.version)).where(col(Image.id).in_(images)))
        return {row.id: row.version for row in found}


def _is_known(key: str, known: dict[str, str]) -> bool:
    """Return whether an object belongs to an image that exists, and a variant to what it shows now."""
    image = image_of(key)
    if image not in known:
        return False
    return not key.startswith(VARIANTS) or key.split("/")[2] == known[image]


async def _sweep_rows(place: Place) -> None:
    ready = select(Image).where(col(Image.status) == "ready", col(Image.id) > place.image)
    async with transaction() as session:
        rows = list(await session.scalars(ready.order_by(col(Image.id)).limit(ROWS_AT_ONCE)))
    mirrored = await mirror.find_images([row.id for row in rows])
    for row in rows:
        if await find_object(master_key(row.id)) is None:
            await _restore_master(row)
        elif row.id not in mirrored or mirrored[row.id].version != row.version:
            await mirror.put_image(row)
            log.event("image.mirrored_again", image=row.id)
    place.image = rows[-1].id if len(rows) == ROWS_AT_ONCE else ""


async def _restore_master(row: Image) -> None:
    """Prepare an image whose master is gone to be checked again, or reject it if its original is gone too."""
    is_there = await find_object(row.object_key) is not None
    values: dict[str, Any] = {"status": "awaiting_upload", "object_version": None, "checked_at": None}
    if not is_there:
        await mirror.remove_image(row.id)
        values = {"status": "rejected", "problem": LOST.document, "is_current": False}
    async with transaction() as session:
        statement = update(Image).where(col(Image.id) == row.id, col(Image.status) == "ready")
        await session.execute(statement.values(**values))
        if not is_there:
            await make_current(session, row)
    log.warning("image.master_gone", image=row.id, original="there" if is_there else "gone")
