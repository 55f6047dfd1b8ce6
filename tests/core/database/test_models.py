from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from app.core.database.models import DoneRequest
from app.core.database.sessions import transaction

pytestmark = pytest.mark.usefixtures("database_url")

CLAIM = insert(DoneRequest).values(claim="a")


class TestDoneRequest:
    async def test_the_database_says_when_it_was_done(self) -> None:
        async with transaction() as session:
            await session.execute(CLAIM)
        async with transaction() as session:
            done = await session.scalar(select(DoneRequest))
        assert done is not None
        assert abs(datetime.now(UTC) - done.done_at) < timedelta(minutes=1)

    async def test_a_claim_is_there_once(self) -> None:
        async with transaction() as session:
            await session.execute(CLAIM)
            with pytest.raises(IntegrityError):
                await session.execute(CLAIM)
            await session.rollback()
