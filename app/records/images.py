"""Images that written records name: which ones they are, found for all records of a request by one statement."""

from collections.abc import Iterator, Sequence

from app.access.principal import Principal
from app.datasets.images import ImageFault, get_images
from app.datasets.schema import DatasetSchema
from app.records.documents import Fault, Values, reader_of
from app.records.request import RecordsRequest
from app.records.results import MAX_SHOWN


async def settle_images(request: RecordsRequest, records: Sequence[Values], *, is_list: bool = False) -> list[Fault]:
    """Put the ids of images in place of what records name them by; the mistakes of those that name none.

    `is_list`: the records are those of an array.
    """
    schema = request.schema
    named = list(_named(schema, records))
    if not named:
        return []
    found = await get_images().resolve(schema.id, {records[place][name] for place, name in named})
    reader, faults = reader_of(schema), []
    for place, name in named:
        value, index = records[place][name], place if is_list else None
        image = found[value]
        if isinstance(image, ImageFault):
            faults.append(_fault(request.caller, name, value, image, index))
            continue
        records[place][name] = image
        faults += reader.check(name, image, index)
    return faults


def _named(schema: DatasetSchema, records: Sequence[Values]) -> Iterator[tuple[int, str]]:
    """The places of records that name an image, each with the column."""
    columns = [column.name for column in schema.images]
    for place, record in enumerate(records) if columns else ():
        for name in columns:
            if record.get(name) is not None:
                yield place, name


def _fault(caller: Principal, column: str, value: str, found: ImageFault, index: int | None) -> Fault:
    """A mistake as it is shown to a caller, who learns nothing of the images of datasets that are closed to it."""
    code, message = found.code, found.message
    if found.dataset is not None and not caller.may("read", found.dataset):
        code, message = "image_missing", "there is no image of this id: upload it with POST /images"
    return Fault(column, code, message, index, value[:MAX_SHOWN])
