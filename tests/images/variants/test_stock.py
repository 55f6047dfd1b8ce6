"""Variants that are missing: one encode however many ask."""

import asyncio
import time

import pytest

from app.core.aws.storage import delete_below
from app.core.dynamo import table
from app.core.errors import ServiceUnavailable
from app.images import mirror
from app.images.objects import master_key
from app.images.variants import stock as stock_module
from app.images.variants.ladder import Shape
from app.images.variants.stock import CLAIM, LEASE_SECONDS, Stock
from tests.images.arriving import kept_of, settle
from tests.images.variants.served import ready, wanted

pytestmark = pytest.mark.usefixtures("database_url")


class TestOnce:
    async def test_a_hundred_callers_are_one_encode(self) -> None:
        variant = await wanted(await ready(), Shape(128))
        stock = Stock(2)
        answers = await asyncio.gather(*(stock.get(variant) for _ in range(100)))
        assert len(set(answers)) == 1
        assert stock.encoded == 1
        assert len(await kept_of(variant.image.id)) == 4

    async def test_of_several_processes_too(self) -> None:
        variant = await wanted(await ready(), Shape(128))
        stocks = [Stock(2) for _ in range(8)]
        answers = await asyncio.gather(*(stock.get(variant) for stock in stocks for _ in range(5)))
        assert len(set(answers)) == 1
        assert sum(stock.encoded for stock in stocks) == 1

    async def test_one_that_is_there_is_not_encoded(self) -> None:
        variant = await wanted(await ready(), Shape(256))
        stock = Stock(2)
        assert (await stock.get(variant))[:4] == b"RIFF"
        assert stock.encoded == 0

    async def test_one_caller_who_goes_away_does_not_take_it_from_the_others(self) -> None:
        variant = await wanted(await ready(), Shape(128))
        stock = Stock(2)
        first, second = asyncio.create_task(stock.get(variant)), asyncio.create_task(stock.get(variant))
        await asyncio.sleep(0)
        first.cancel()
        assert await second
        assert stock.encoded == 1


class TestClaims:
    async def test_who_waits_for_another_process_in_vain_is_asked_to_come_again(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(stock_module, "PATIENCE_SECONDS", 0.3)
        variant = await wanted(await ready(), Shape(128))
        await table.put_item({"pk": f"variant#{variant.key}", "sk": CLAIM, "until": int(time.time()) + LEASE_SECONDS})
        with pytest.raises(ServiceUnavailable) as caught:
            await Stock(2).get(variant)
        assert caught.value.headers["Retry-After"] == "1"

    async def test_the_claim_of_a_maker_that_died_ends(self) -> None:
        variant = await wanted(await ready(), Shape(128))
        await table.put_item({"pk": f"variant#{variant.key}", "sk": CLAIM, "until": int(time.time()) - 1})
        assert await Stock(2).get(variant)

    async def test_a_claim_is_given_back(self) -> None:
        variant = await wanted(await ready(), Shape(128))
        await Stock(2).get(variant)
        assert await table.find_item(f"variant#{variant.key}", CLAIM) is None

    async def test_when_every_maker_is_busy(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(stock_module, "PATIENCE_SECONDS", 0.2)
        variant = await wanted(await ready(), Shape(128))
        stock = Stock(1)
        await stock._free.acquire()
        with pytest.raises(ServiceUnavailable, match="busy"):
            await stock.get(variant)
        assert await table.find_item(f"variant#{variant.key}", CLAIM) is None
        stock._free.release()
        assert await stock.get(variant)


class TestMissing:
    async def test_without_its_master(self) -> None:
        row = await ready()
        variant = await wanted(row, Shape(128))
        await delete_below(master_key(row.id))
        outcomes = await settle(Stock(1).get(variant))
        assert isinstance(outcomes[0], ServiceUnavailable)

    async def test_an_image_deleted_during_the_encoding_leaves_nothing(self) -> None:
        row = await ready()
        variant = await wanted(row, Shape(128))
        await mirror.remove_image(row.id)
        await Stock(1).get(variant)
        assert variant.key not in await kept_of(row.id)
