import time
from collections.abc import Iterator

import pytest

from app.core.dynamo import mirrors
from app.core.dynamo.mirrors import ASKED, CatalogueAway, ask_catalogue, asked_now, is_fresh
from app.core.errors import ServiceUnavailable
from app.core.settings import get_settings


@pytest.fixture(autouse=True)
def catalogue_answered(database_url: str, setting: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A process that has not met a catalogue that is away."""
    monkeypatch.setattr(mirrors, "_away_until", 0.0)
    yield
    monkeypatch.undo()


def _distrust(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOLVA_KEYVALUE_TRUST_FROM", "2999-01-01T00:00:00Z")
    get_settings.cache_clear()


async def _answer() -> str:
    return "found"


async def _away() -> str:
    raise ConnectionRefusedError("away")


class TestIsFresh:
    def test_an_item_is_relied_on_for_a_while(self) -> None:
        assert is_fresh(asked_now())
        assert not is_fresh({ASKED: int(time.time()) - get_settings().keyvalue_trust_seconds - 1})
        assert not is_fresh({})

    def test_one_from_before_a_restoration_is_not(self, monkeypatch: pytest.MonkeyPatch) -> None:
        _distrust(monkeypatch)
        assert not is_fresh(asked_now())


class TestAskCatalogue:
    async def test_what_it_says_is_answered(self) -> None:
        assert await ask_catalogue({}, _answer) == "found"

    async def test_one_that_is_away_is_not_asked_again_soon(self) -> None:
        with pytest.raises(CatalogueAway):
            await ask_catalogue(asked_now(), _away)
        with pytest.raises(CatalogueAway):
            await ask_catalogue(asked_now(), _answer)

    async def test_for_an_item_that_is_not_trusted_it_is_asked_each_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        _distrust(monkeypatch)
        with pytest.raises(ConnectionRefusedError):
            await ask_catalogue(asked_now(), _away)
        assert await ask_catalogue(asked_now(), _answer) == "found"

    async def test_other_failures_stay_what_they_are(self) -> None:
        async def fail() -> str:
            raise KeyError("x")

        async def refuse() -> str:
            raise ServiceUnavailable("Gone.")

        with pytest.raises(KeyError):
            await ask_catalogue(asked_now(), fail)
        with pytest.raises(CatalogueAway):
            await ask_catalogue(asked_now(), refuse)
