"""Image lookup: the images that an import's cells may name, as the catalogue knows them."""

import asyncio
from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from asyncpg import Record

from app.core.database.statements import fetch
from app.imports.values.image_names import NOT_READY, OF_OTHER, REJECTED, ImageNames, KnownImage, KnownImages, Refusal

# A query of a few ids takes no longer, if the database answers at all.
LOOKUP_SECONDS = 60
CURRENT = "SELECT id, filename FROM tolva.image WHERE dataset_id = $1 AND is_current"
# An image that waits for its bytes has no name yet.
REPLACED = """
    SELECT id, filename, status, problem FROM tolva.image
    WHERE dataset_id = $1 AND NOT is_current AND status <> 'awaiting_upload' ORDER BY created_at DESC, id DESC
"""
OTHERS = "SELECT id, filename, status, problem, dataset_id FROM tolva.image WHERE id = ANY($1)"


async def load_image_names(
    dataset_id: UUID, *, aliases: Mapping[str, KnownImage] | None = None, nulls_missing: bool = False
) -> ImageNames:
    """The names of a dataset's images, with further ones; what an id of no dataset means is looked up as it comes."""
    loop = asyncio.get_running_loop()

    def find_others(ids: Collection[str]) -> Mapping[str, KnownImage]:
        # Called by the thread that validates, while the loop goes on.
        return asyncio.run_coroutine_threadsafe(_find_others(dataset_id, ids), loop).result(LOOKUP_SECONDS)

    images = await _list_images(dataset_id)
    return ImageNames(images, aliases=aliases, find_others=find_others, nulls_missing=nulls_missing)


async def _list_images(dataset_id: UUID) -> KnownImages:
    """A dataset's images, the current one of each filename first."""
    current, replaced = await fetch(CURRENT, dataset_id), await fetch(REPLACED, dataset_id)
    rows = [*current, *replaced]
    others = ((place, known_image(row)) for place, row in enumerate(replaced, len(current)))
    refusals = {place: Refusal(image.code, image.message) for place, image in others if image.code}
    return KnownImages([row["id"] for row in rows], [row["filename"] for row in rows], refusals)


async def _find_others(dataset_id: UUID, ids: Collection[str]) -> Mapping[str, KnownImage]:
    return {row["id"]: _other_image(row, dataset_id) for row in await fetch(OTHERS, list(ids))}


def _other_image(row: Record, dataset_id: UUID) -> KnownImage:
    if row["dataset_id"] not in (None, dataset_id):
        return KnownImage(
            row["id"], row["filename"], OF_OTHER, "an image of another dataset: upload it for this one too"
        )
    return known_image(row)


def known_image(row: Record | Mapping[str, Any]) -> KnownImage:
    """An image of the catalogue, with why records may not name it, if that is so."""
    if row["status"] == "ready":
        return KnownImage(row["id"], row["filename"])
    if row["status"] == "rejected":
        reason = (row["problem"] or {}).get("message") or "see the image"
        return KnownImage(row["id"], row["filename"], REJECTED, f"the picture was not accepted: {reason}")
    return KnownImage(row["id"], row["filename"], NOT_READY, "the picture is not checked yet: import the file later")
