from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from app.core.aws.clients import client as aws_client
from app.core.aws.clients import close_clients
from app.core.aws.dynamo_json import Item, from_attributes, to_attributes
from app.core.dynamo import requests
from app.core.dynamo.requests import ConditionNotMet, patience
from app.core.dynamo.table import (
    Check,
    Condition,
    Delete,
    NotWritten,
    Put,
    Range,
    Update,
    delete_item,
    find_item,
    find_many,
    list_items,
    list_range,
    put_item,
    update_and_count,
    update_item,
    write_batch,
    write_together,
)
from app.core.errors import ServiceUnavailable
from app.core.settings import get_settings

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


class TestMany:
    async def test_items_are_written_and_found_together(self) -> None:
        pk = uuid4().hex
        items = [{"pk": pk, "sk": f"{number:03}", "content": bytes([number])} for number in range(25)]
        assert await write_batch([to_attributes(item) for item in items]) == []
        found = await find_many([(pk, f"{number:03}") for number in range(30)])
        assert [from_attributes(found[pk, str(item["sk"])]) for item in items] == items
        assert len(found) == 25
        assert await write_batch([], [(pk, "000")]) == []
        assert await find_item(pk, "000") is None

    async def test_more_keys_than_a_request_holds(self) -> None:
        items = [_item(n=number) for number in range(3)]
        for item in items:
            await put_item(item)
        keys = [(item["pk"], "item") for item in items] + [(uuid4().hex, "item") for _ in range(200)]
        assert {from_attributes(item)["n"] for item in (await find_many(keys)).values()} == {0, 1, 2}


class TestRange:
    async def test_a_part_is_read_in_both_directions(self) -> None:
        pk = uuid4().hex
        await write_batch([to_attributes({"pk": pk, "sk": f"a{number}", "n": number}) for number in range(9)])

        async def numbers(part: Range, limit: int) -> list[int]:
            found = await list_range(part, limit, names=["n"])
            return [from_attributes(item)["n"] for item in found]

        assert await numbers(Range(pk, "a2", "a5"), 10) == [2, 3, 4, 5]
        assert await numbers(Range(pk, "a2", "a5", backwards=True), 2) == [5, 4]
        assert await numbers(Range(pk, "b", "c"), 9) == []

    async def test_a_part_of_more_than_a_page_is_read_whole(self) -> None:
        pk = uuid4().hex
        for number in range(5):
            await put_item({"pk": pk, "sk": f"{number}", "content": bytes([number]) * 380_000})
        assert len(await list_range(Range(pk, "0", "4"), 4)) == 4


class TestTogether:
    async def test_all_of_it_is_done(self) -> None:
        new, changed, old, seen = (_item(n=number) for number in range(4))
        for item in (changed, old, seen):
            await put_item(item)
        is_seen = Check(seen["pk"], "item", Condition("#n = :n", {"n": 3}))
        update = Update(changed["pk"], "item", {"n": None, "size": 7}, Condition("#n = :n", {"n": 1}))
        await write_together([Put(to_attributes(new), IS_NEW), update, Delete(old["pk"], "item"), is_seen])
        assert await find_item(new["pk"], "item") == new
        assert await find_item(changed["pk"], "item") == {"pk": changed["pk"], "sk": "item", "size": 7}
        assert await find_item(old["pk"], "item") is None

    async def test_none_of_it_is_done_where_a_condition_is_not_met(self) -> None:
        new, there = _item(), _item(n=1)
        await put_item(there)
        with pytest.raises(NotWritten) as refused:
            await write_together([Put(to_attributes(new)), Put(to_attributes(there), IS_NEW)])
        assert list(refused.value.items) == [1]
        assert from_attributes(refused.value.items[1] or {}) == there
        assert await find_item(new["pk"], "item") is None


class TestUpdate:
    async def test_attributes_are_set_and_removed(self) -> None:
        item = _item(status="old", n=1)
        await put_item(item)
        await update_item(item["pk"], "item", {"status": "new", "n": None}, Condition("#status = :s", {"s": "old"}))
        assert await find_item(item["pk"], "item") == {"pk": item["pk"], "sk": "item", "status": "new"}
        with pytest.raises(ConditionNotMet):
            await update_item(item["pk"], "item", {"n": 2}, Condition("#status = :s", {"s": "old"}))


class TestUnreachable:
    async def test_a_table_that_does_not_answer_is_to_be_tried_again(self, monkeypatch: pytest.MonkeyPatch) -> None:
        await close_clients()
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:9")
        try:
            with pytest.raises(ServiceUnavailable):
                await list_items("x")
        finally:
            await close_clients()


class TestCounting:
    async def test_a_counter_goes_up_with_a_change(self) -> None:
        item = _item(state="old")
        await put_item(item)
        key = item["pk"], "item"
        assert await update_and_count(*key, {"state": "new"}, "count") == 1
        assert await update_and_count(*key, {"state": "newer"}, "count", Condition("#state = :is", {"is": "new"})) == 2
        with pytest.raises(ConditionNotMet):
            await update_and_count(*key, {"state": "newest"}, "count", Condition("#state = :is", {"is": "new"}))
        assert await find_item(*key) == {**item, "state": "newer", "count": 2}


class TestPatience:
    async def test_a_request_waits_for_a_table_that_comes_back(self, monkeypatch: pytest.MonkeyPatch) -> None:
        item = _item()
        request, calls = requests._send_once, iter(range(10**6))

        async def away(operation: str, arguments: dict[str, Any]) -> Any:
            if next(calls) < 3:
                raise ServiceUnavailable("It is away.")
            return await request(operation, arguments)

        monkeypatch.setattr(requests, "_send_once", away)
        with pytest.raises(ServiceUnavailable):
            await put_item(item)
        with patience(60):
            await put_item(item)
            with patience(0):
                assert await find_item(item["pk"], "item") == item
        assert next(calls) == 5

    async def test_it_ends(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async def away(operation: str, arguments: dict[str, Any]) -> Any:
            raise ServiceUnavailable("It is away.")

        monkeypatch.setattr(requests, "_send_once", away)
        with patience(0.1), pytest.raises(ServiceUnavailable):
            await put_item(_item())


class TestTransactions:
    async def test_an_item_that_one_has_is_waited_for(self, monkeypatch: pytest.MonkeyPatch) -> None:
        item = _item()
        request, calls = requests._send_once, iter(range(10**6))
        dynamodb = await aws_client("dynamodb")
        document = {"Error": {"Code": "TransactionConflictException"}, "ResponseMetadata": {"HTTPStatusCode": 400}}

        async def refuse(**_: Any) -> None:
            if next(calls) < 3:
                raise ClientError(document, "PutItem")  # type: ignore[arg-type]  # as little of one as is looked at
            monkeypatch.undo()
            await request("put_item", {"TableName": get_settings().table, "Item": to_attributes(item)})

        monkeypatch.setattr(dynamodb, "put_item", refuse)
        await put_item(item)
        assert await find_item(item["pk"], "item") == item

    async def test_but_not_for_ever(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async def refuse(operation: str, arguments: dict[str, Any]) -> Any:
            raise requests._InTransaction("Others have it.")

        monkeypatch.setattr(requests, "_send_once", refuse)
        with pytest.raises(ServiceUnavailable):
            await put_item(_item())
