from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from app.core.aws import close_clients
from app.core.dynamo import (
    Condition,
    ConditionNotMet,
    Item,
    delete_item,
    from_attributes,
    list_items,
    put_item,
    to_attributes,
)
from app.core.errors import ServiceUnavailable

pytestmark = pytest.mark.usefixtures("database_url")

IS_NEW = Condition("attribute_not_exists(#pk)")


def _item(**members: Any) -> Item:
    return {"pk": uuid4().hex, "sk": "item", **members}


class TestAttributes:
    def test_every_kind_of_value_comes_back(self) -> None:
        item = {
            "text": "é", "empty": "", "whole": 2**63, "part": Decimal("0.10"), "yes": True, "none": None,
            "bytes": b"\x00\xff", "list": [1, ["a"], {}], "map": {"status": {"a": None}},
        }  # fmt: skip
        assert from_attributes(to_attributes(item)) == item
        assert isinstance(from_attributes(to_attributes({"n": 1}))["n"], int)

    def test_a_float_is_refused(self) -> None:
        with pytest.raises(TypeError, match="DynamoDB has no float"):
            to_attributes({"n": 0.1})


class TestItems:
    async def test_an_item_is_stored_and_deleted(self) -> None:
        item = _item(part=Decimal("0.10"), content=b"\x00")
        await put_item(item)
        assert await list_items(item["pk"]) == [item]
        await delete_item(item["pk"], "item")
        assert await list_items(item["pk"]) == []
        await delete_item(item["pk"], "item")

    async def test_a_partition_of_more_than_a_page_is_read_whole(self) -> None:
        pk = uuid4().hex
        for number in range(5):
            await put_item({"pk": pk, "sk": f"part#{number}", "content": bytes([number]) * 380_000})
        assert [(item["sk"], item["content"][0]) for item in await list_items(pk)] == [
            (f"part#{number}", number) for number in range(5)
        ]


class TestCondition:
    async def test_what_is_there_is_not_new(self) -> None:
        item = _item(n=1)
        await put_item(item, IS_NEW)
        with pytest.raises(ConditionNotMet):
            await put_item({**item, "n": 2}, IS_NEW)
        assert await list_items(item["pk"]) == [item]

    async def test_reserved_words_are_names_too(self) -> None:
        item = _item(status="old", token="t", size=3)
        await put_item(item)
        held = Condition(
            "#status = :status AND #token = :token AND #size < :size", {"status": "old", "token": "t", "size": 9}
        )
        await put_item({**item, "status": "new"}, held)
        with pytest.raises(ConditionNotMet):
            await delete_item(item["pk"], "item", held)
        assert (await list_items(item["pk"]))[0]["status"] == "new"


class TestUnreachable:
    async def test_a_table_that_does_not_answer_is_to_be_tried_again(self, monkeypatch: pytest.MonkeyPatch) -> None:
        await close_clients()
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        try:
            with pytest.raises(ServiceUnavailable):
                await list_items("x")
        finally:
            await close_clients()
