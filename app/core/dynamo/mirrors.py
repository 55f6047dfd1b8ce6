"""The table's copies of the catalogue, and for how long they are valid: a restored table has old copies.

Such an item has the time at which the catalogue was last asked, in seconds since 1970.
"""

import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from app.core import log
from app.core.aws.dynamo_json import Item
from app.core.database.errors import is_away
from app.core.errors import ServiceUnavailable
from app.core.settings import get_settings

ASKED = "asked"
# How long nothing is asked of a catalogue that did not answer.
AWAY_SECONDS = 30.0

Found = TypeVar("Found")

_away_until = 0.0


class CatalogueAway(Exception):
    """The catalogue does not answer; what the table says holds meanwhile."""


def asked_now() -> Item:
    """The attribute of an item that says what the catalogue says now."""
    return {ASKED: int(time.time())}


def is_fresh(item: Item) -> bool:
    """Return whether an item may be relied on without asking the catalogue."""
    return not _is_distrusted(item) and _asked(item) > time.time() - get_settings().keyvalue_trust_seconds


async def ask_catalogue(item: Item, find: Callable[[], Awaitable[Found]]) -> Found:
    """Read the catalogue's row that an item is a copy of.

    Raises:
        CatalogueAway: it does not answer, and the item may be relied on until it does.
        ServiceUnavailable: it does not answer, and the item is from before TOLVA_KEYVALUE_TRUST_FROM.
        PostgresError, OSError: the same.
    """
    global _away_until  # noqa: PLW0603  # of the process, as the connections are
    is_distrusted = _is_distrusted(item)
    if not is_distrusted and time.monotonic() < _away_until:
        raise CatalogueAway
    try:
        return await find()
    except Exception as error:
        if is_distrusted or not (isinstance(error, ServiceUnavailable) or is_away(error)):
            raise
        _away_until = time.monotonic() + AWAY_SECONDS
        log.warning("catalogue.not_asked", reason=str(error))
        raise CatalogueAway from None


def _is_distrusted(item: Item) -> bool:
    since = get_settings().keyvalue_trust_from
    return since is not None and _asked(item) < since.timestamp()


def _asked(item: Item) -> int:
    asked: int = item.get(ASKED, 0)
    return asked
