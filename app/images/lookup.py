"""Images as records need them; the functions are those of `datasets.images.Images`."""

import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit
from uuid import UUID

from asyncpg import Record

from app.columns.types.image import ID_PATTERN, URL_PATTERN, is_id, match_url
from app.core.database import statements
from app.core.database.names import CATALOGUE_SCHEMA, quote
from app.core.settings import get_settings
from app.datasets.images import ImageFault
from app.images import shown
from app.images.mirror import find_images

_TABLE = quote(CATALOGUE_SCHEMA, "image")
_OWNER = f"(SELECT name FROM {quote(CATALOGUE_SCHEMA, 'dataset')} AS owner WHERE owner.id = dataset_id)"
_FACTS = f"id, status, problem ->> 'message' AS problem, dataset_id, {_OWNER} AS dataset"
# Of a name that is no image's now, the newest one says why.
_RESOLVE = (
    f"SELECT 'id' AS kind, id AS name, {_FACTS} FROM {_TABLE} WHERE id = ANY($2::text[]) UNION ALL "
    f"(SELECT DISTINCT ON (filename) 'filename', filename, {_FACTS} FROM {_TABLE} "
    "WHERE dataset_id = $1 AND filename = ANY($3::text[]) ORDER BY filename, is_current DESC, created_at DESC)"
)
UPLOAD = "upload it with POST /images"
_EXTERNAL = ImageFault(
    "image_external", "not an image of this service: download it, upload it with POST /images, and give its id"
)


@dataclass(frozen=True)
class _Name:
    """The name of an image in a written value."""

    kind: Literal["id", "filename"]
    text: str


async def resolve(dataset: UUID, values: Collection[str]) -> Mapping[str, str | ImageFault]:
    """The image's id for each of some written values, found by one statement."""
    names = {value: _read(value) for value in values}
    wanted = [name for name in names.values() if isinstance(name, _Name)]
    found: dict[_Name, Record] = {}
    if wanted:
        ids, filenames = ({name.text for name in wanted if name.kind == kind} for kind in ("id", "filename"))
        rows = await statements.fetch(_RESOLVE, dataset, list(ids), list(filenames))
        found = {_Name(row["kind"], row["name"]): row for row in rows}
    return {
        value: _judge(dataset, name, found.get(name)) if isinstance(name, _Name) else name
        for value, name in names.items()
    }


def _read(value: str) -> _Name | ImageFault:
    if is_id(value):
        return _Name("id", value)
    match = match_url(value)
    if match is not None and _is_own(match["origin"], match["path"]):
        return _Name("id", match["id"].lower())
    if value.lower().startswith(("http://", "https://")):
        return _EXTERNAL
    return _Name("filename", unicodedata.normalize("NFC", value))


def _is_own(origin: str | None, path: str) -> bool:
    """Return whether the URL of an image is one of ours: without a public address, any host may be."""
    base = urlsplit(get_settings().base_url)
    if path not in ("", base.path):
        return False
    return not origin or not base.netloc or origin.lower() == f"{base.scheme}://{base.netloc}".lower()


def _judge(dataset: UUID, name: _Name, row: Record | None) -> str | ImageFault:
    """The id of an image that a record of the dataset may have, or the reason that it may not."""
    if row is None:
        what = "there is no image of this id" if name.kind == "id" else "no image of the dataset has this filename"
        return ImageFault("image_missing", f"{what}: {UPLOAD}")
    if row["dataset_id"] not in (None, dataset):
        message = f"the image belongs to the dataset '{row['dataset']}': upload it to this one"
        return ImageFault("image_of_other_dataset", message, row["dataset"])
    if row["status"] == "ready":
        return str(row["id"])
    if row["status"] == "rejected":
        reason = f"the image was rejected ({(row['problem'] or 'no reason is known').rstrip('.')})"
        return ImageFault("image_rejected", f"{reason}: upload another one")
    if row["status"] == "checking":
        return ImageFault("image_not_ready", "the image is still being checked: try again in a moment")
    return ImageFault("image_not_ready", "the file of the image was not uploaded yet: upload it, and try again")


async def show(images: Collection[str]) -> Mapping[str, str]:
    """The JSON text of each of some images that is ready, by its id; read together from the table."""
    base = get_settings().base_url
    return {image: shown.shown_text(found, base) for image, found in (await find_images(images)).items()}


def shown_sql(value: str) -> str:
    """The SQL of the same JSON; `value` is the SQL of the id. It is null for an image that is not there."""
    return shown.shown_sql(value, get_settings().base_url)


def cell_sql(value: str, dataset: str) -> str:
    """The SQL of an image as a cell of the dataset's exports: its filename, or its id if that means another.

    `dataset` is the SQL of the dataset's id, here and below.
    """
    is_own = f"_image.is_current AND _image.dataset_id = {dataset} AND _image.filename !~ '^{ID_PATTERN}$'"
    named = f"CASE WHEN {is_own} THEN _image.filename ELSE _image.id END"
    return f"(SELECT {named} FROM {_TABLE} AS _image WHERE _image.id = {value})"


def named_sql(value: str, dataset: str) -> str:
    """The SQL of the id for `value`, the SQL of an id or a filename; an empty text if there is no such image."""
    return f"CASE WHEN {value} ~ '^{ID_PATTERN}$' THEN {value} ELSE COALESCE({_current(value, dataset)}, '') END"


def resolved_sql(value: str, dataset: str) -> str:
    """The SQL of the id of the ready image that a text names; null without one that a record may have."""
    wanted = f"COALESCE(substring({value} FROM '{URL_PATTERN}'), {value})"
    may_have = f"_image.status = 'ready' AND (_image.dataset_id IS NULL OR _image.dataset_id = {dataset})"
    by_id = f"(SELECT _image.id FROM {_TABLE} AS _image WHERE _image.id = {wanted} AND {may_have})"
    return f"COALESCE({by_id}, {_current(f'normalize({value}, NFC)', dataset)})"


def _current(filename: str, dataset: str) -> str:
    is_named = f"_image.dataset_id = {dataset} AND _image.filename = {filename} AND _image.is_current"
    return f"(SELECT _image.id FROM {_TABLE} AS _image WHERE {is_named})"
