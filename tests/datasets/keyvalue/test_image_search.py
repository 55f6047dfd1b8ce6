"""The search for a record of the key-value store that shows an image."""

import pytest

from app.core.aws.dynamo_json import to_attributes
from app.core.dynamo.table import write_batch
from app.datasets.errors import ImageUseUnknown
from app.datasets.keyvalue.image_search import ImageSearch
from app.datasets.keyvalue.partitions import BUCKETS, bucket_name

pytestmark = pytest.mark.usefixtures("database_url")

IMAGE = "img_0123456789abcdef0123"


async def put(number: int, **record: str | None) -> None:
    """Put a record into one of the partitions of the generation `g`."""
    item = {"pk": bucket_name("g", number), "sk": f"{number}", "record": record}
    assert await write_batch([to_attributes(item)]) == []


class TestIsUsed:
    async def test_any_of_the_columns_may_have_it(self) -> None:
        await put(0, photo=None, back="img_other")
        await put(BUCKETS - 1, photo="img_other", back=IMAGE)
        assert await ImageSearch(IMAGE, 10).is_used("lamps", "g", ["photo", "back"])
        assert not await ImageSearch(IMAGE, 10).is_used("lamps", "g", ["photo"])
        assert not await ImageSearch(IMAGE, 10).is_used("lamps", "other", ["photo", "back"])

    async def test_the_bound_is_of_all_datasets_together(self) -> None:
        for number in range(3):
            await put(number, photo="img_other")
        search = ImageSearch(IMAGE, 6)
        assert not await search.is_used("lamps", "g", ["photo"])
        with pytest.raises(ImageUseUnknown, match="None of 6 records shows the image; 'chairs' may have more"):
            await search.is_used("chairs", "g", ["photo"])

    async def test_a_use_within_the_bound_is_found(self) -> None:
        await put(0, photo=IMAGE)
        await put(1, photo="img_other")
        assert await ImageSearch(IMAGE, 1).is_used("lamps", "g", ["photo"])
