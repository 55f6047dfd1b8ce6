"""Requests that are done, noted in the transaction that does them.

The claim of an Idempotency-Key is in another store, where no transaction of the database can end it. A process that
dies between its commit and keeping the answer leaves a claim that ends by itself; the note here keeps the request from
being done again then.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from app.core.database.commits import pending_claims
from app.core.database.names import CATALOGUE_SCHEMA, quote
from app.core.errors import ResponseNotStored
from app.core.settings import get_settings

# Rows that one statement removes.
FORGOTTEN_AT_ONCE = 10_000
_TABLE = quote(CATALOGUE_SCHEMA, "done_request")
_OLD = "done_at < now() - make_interval(secs => $2)"
_NOTE = (
    f"INSERT INTO {_TABLE} AS done (claim) SELECT unnest($1::text[]) "
    f"ON CONFLICT (claim) DO UPDATE SET done_at = now() WHERE done.{_OLD} RETURNING 1"
)
_FORGET = (
    f"WITH gone AS (DELETE FROM {_TABLE} AS done WHERE done.{_OLD} AND claim IN "
    f"(SELECT claim FROM {_TABLE} WHERE {_OLD} ORDER BY done_at LIMIT $1) RETURNING 1) SELECT count(*) FROM gone"
)

Fetch = Callable[..., Awaitable[Sequence[Any]]]


async def note_done(fetch: Fetch) -> None:
    """Note that a transaction, whose statements `fetch` runs, does what the request's Idempotency-Key claims.

    Raises:
        ResponseNotStored: another transaction has done it; this one is to be undone.
    """
    claims = pending_claims()
    if claims and len(await fetch(_NOTE, claims, get_settings().idempotency_ttl_seconds)) < len(claims):
        raise ResponseNotStored(
            "The same request was processed before, but its process ended before its response was stored.",
            hint="Look for what it created. Send a new Idempotency-Key only to run it once more.",
        )


async def forget_done(fetch: Fetch) -> None:
    """Remove all notes that are older than the claims of their requests."""
    seconds = get_settings().idempotency_ttl_seconds
    # A stack whose database may pause comes here once a day.
    while (await fetch(_FORGET, FORGOTTEN_AT_ONCE, seconds))[0][0] == FORGOTTEN_AT_ONCE:
        pass
