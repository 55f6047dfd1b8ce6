from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from app.core.dynamo import table
from app.core.dynamo.table import NotWritten, Put
from app.datasets.keyvalue.fence import GUARDS, choose_guard, close_guards, is_open, open_guard
from app.datasets.schema import Shape
from tests.records.shapes import make_shape

pytestmark = pytest.mark.usefixtures("database_url")


@pytest.fixture
def shape() -> Shape:
    """A dataset's shape that no other test knows."""
    return replace(make_shape({"a": {"type": "text", "required": True}}, "a"), id=uuid4(), generation="g")


async def _may_write(shape: Shape, guard: int) -> bool:
    put = Put({"pk": {"S": f"record#{uuid4()}"}, "sk": {"S": "x"}})
    try:
        await table.write_together([is_open(shape, guard), put])
    except NotWritten:
        return False
    return True


class TestGuards:
    async def test_one_that_was_never_opened_keeps_writers_out(self, shape: Shape) -> None:
        assert not await _may_write(shape, 0)
        assert await open_guard(shape, 0, 0)
        assert await _may_write(shape, 0)
        assert not await _may_write(shape, 1)

    async def test_it_is_open_for_one_state_of_the_dataset(self, shape: Shape) -> None:
        await open_guard(shape, 0, 0)
        changed = replace(shape, updated_at=shape.updated_at + timedelta(seconds=1))
        assert not await _may_write(changed, 0)
        assert not await _may_write(replace(shape, generation="h"), 0)

    async def test_closed_all_of_them_keep_writers_out(self, shape: Shape) -> None:
        for guard in (0, GUARDS - 1):
            await open_guard(shape, guard, 0)
        await close_guards(shape.id, 1)
        assert not await _may_write(shape, 0)
        assert not await _may_write(shape, GUARDS - 1)

    async def test_who_has_not_heard_of_a_closing_opens_none(self, shape: Shape) -> None:
        await close_guards(shape.id, 2)
        assert not await open_guard(shape, 0, 1)
        assert await open_guard(shape, 0, 2)

    async def test_a_closing_that_comes_late_closes_nothing(self, shape: Shape) -> None:
        await close_guards(shape.id, 2)
        await open_guard(shape, 0, 2)
        await close_guards(shape.id, 1)
        assert await _may_write(shape, 0)


class TestChooseGuard:
    def test_it_is_any_of_them(self) -> None:
        assert {choose_guard() for _ in range(50 * GUARDS)} == set(range(GUARDS))
