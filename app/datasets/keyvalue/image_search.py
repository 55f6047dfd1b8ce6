"""The search for a record of the key-value store that shows an image: no index leads to it."""

from collections.abc import Sequence

from app.core.dynamo import table
from app.core.dynamo.table import Condition
from app.datasets.errors import ImageUseUnknown
from app.datasets.keyvalue.generations import partition_of
from app.datasets.keyvalue.partitions import BUCKETS


class ImageSearch:
    """Looks through the records of datasets for an image, as long as it has looked at fewer than `most` records."""

    def __init__(self, image: str, most: int) -> None:
        self._image = image
        self._most = self._left = most

    async def is_used(self, dataset: str, generation: str, columns: Sequence[str]) -> bool:
        """Return whether a record of a dataset's generation has the image in one of these columns.

        Raises:
            ImageUseUnknown: the records looked at do not have it, and there may be more.
            ServiceUnavailable: the table does not answer.
        """
        # A record's values are a map by the names of their columns.
        named = " OR ".join(f"#record.#{name} = :image" for name in columns)
        condition = Condition(named, {"image": self._image})
        for number in range(BUCKETS):
            if self._left <= 0:
                raise self._unknown(dataset)
            found = await table.search_range(partition_of(generation, number), condition, self._left)
            if found.is_found:
                return True
            self._left -= found.looked_at
        if self._left <= 0:
            raise self._unknown(dataset)
        return False

    def _unknown(self, dataset: str) -> ImageUseUnknown:
        return ImageUseUnknown(
            f"None of {self._most:,} records shows the image; '{dataset}' may have more that do.",
            hint="Raise TOLVA_MAX_IMAGE_SEARCH_RECORDS, or delete it with ?force=true.",
        )
