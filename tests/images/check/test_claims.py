"""Claims of images: one worker has an image as long as it lives."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from app.core.database.sessions import transaction
from app.core.settings import get_settings
from app.images.check.claims import Claim, claim_image
from tests.images.arriving import announced, change, found

pytestmark = pytest.mark.usefixtures("database_url", "setting")


async def claimed(image: str) -> Claim:
    """A claim that is free to be taken."""
    claim = await claim_image(image, "1", 9)
    assert claim is not None
    return claim


class TestClaims:
    async def test_one_worker_alone_has_an_image(self) -> None:
        row = await announced()
        await claimed(row.id)
        assert await claim_image(row.id, "1", 9) is None
        now = await found(row.id)
        assert (now.status, now.object_version, now.bytes) == ("checking", "1", 9)

    async def test_an_image_whose_check_has_ended_is_not_claimed(self) -> None:
        row = await announced(status="rejected")
        assert await claim_image(row.id, "1", 9) is None

    async def test_a_claim_ends_with_its_lease(self) -> None:
        row = await announced()
        first = await claimed(row.id)
        await change(row.id, checked_at=datetime.now(UTC) - timedelta(seconds=get_settings().lease_seconds + 1))
        second = await claimed(row.id)
        async with transaction() as session:
            assert not await first.finish(session, {"status": "ready"})
            assert await second.finish(session, {"status": "rejected"})

    async def test_it_is_renewed_as_long_as_the_check_takes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TOLVA_LEASE_SECONDS", "2")
        get_settings.cache_clear()
        row = await announced()
        claim = await claimed(row.id)
        before = (await found(row.id)).checked_at
        async with claim.kept():
            await asyncio.sleep(1.0)
        after = (await found(row.id)).checked_at
        assert before is not None
        assert after is not None
        assert after > before
        async with transaction() as session:
            assert await claim.finish(session, {"status": "rejected"})
