"""Images of records in the key-value store: all those of a request are read together, from the same table."""

from collections.abc import Iterable, Mapping, Sequence

from app.columns.column import Column
from app.datasets.images import get_images
from app.records.documents import Values


async def find_shown(columns: Sequence[Column], records: Iterable[Values]) -> Mapping[str, str]:
    """The JSON texts of the images in some columns of records, by their ids; those that are gone are left out.

    Raises:
        ServiceUnavailable: the table does not answer.
    """
    names = [column.name for column in columns if column.kind.is_image]
    if not names:
        return {}
    wanted = {record[name]: None for record in records for name in names if record[name] is not None}
    return await get_images().show(wanted.keys()) if wanted else {}
