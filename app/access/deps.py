"""The caller of a request."""

import hmac
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated, cast
from uuid import UUID

from fastapi import Depends, Header, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from fastapi.security.utils import get_authorization_scheme_param

from app.access.errors import KeyExpired, KeyMissing, KeyRevoked, KeyUnknown
from app.access.keys.lookup import KeyRow, find_key
from app.access.keys.replica import find_mirrored_key
from app.access.keys.secrets import hash_secret, parse_key
from app.access.principal import EVERYTHING, Principal, Scope
from app.core.http.idempotency import claim_request
from app.core.http.names import IDEMPOTENCY_KEY
from app.core.settings import get_settings

MAX_KNOWN = 1000
# Places from which other APIs take a key.
SCHEMES = ("basic", "bearer", "token", "apikey", "digest", "negotiate")
HEADERS = ("x-api-key", "apikey", "api-key", "x-auth-token", "x-access-token", "x-token")
PARAMETERS = ("apikey", "key", "token", "accesstoken", "authtoken", "auth")

_bearer = HTTPBearer(auto_error=False, scheme_name="bearer", description="An API key: tolva_…")
_Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


async def _find_caller(credentials: _Credentials) -> Principal | None:
    if credentials is None:
        return None
    return await _authenticate(credentials.credentials, find_key)


# None for a request without a key; a key that does not work is refused all the same.
OptionalCaller = Annotated[Principal | None, Depends(_find_caller)]


async def _get_caller(request: Request, caller: OptionalCaller) -> Principal:
    if caller is None:
        raise KeyMissing(_find_misplaced(request))
    return caller


CurrentCaller = Annotated[Principal, Depends(_get_caller)]


async def _demand_admin(caller: CurrentCaller) -> None:
    caller.demand("admin")


# For routes that only a caller with the scope admin on everything may use.
AdminOnly = Depends(_demand_admin)


# Has a route's document say that it takes one; `claim_request` reads it.
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias=IDEMPOTENCY_KEY, description="A new UUID: a request repeated with the same one is not processed again."
    ),
]


async def _claim_request(request: Request, caller: CurrentCaller, _key: IdempotencyKey = None) -> None:
    await claim_request(request, caller.id)


# For a route that makes something outside of any dataset: it takes an Idempotency-Key from a caller who is known.
Idempotent = Depends(_claim_request)


async def _claim_secret(request: Request, caller: CurrentCaller, _key: IdempotencyKey = None) -> None:
    await claim_request(request, caller.id, is_secret=True)


# The same for a route whose answer holds a secret, which is given once.
IdempotentSecret = Depends(_claim_secret)


async def find_direct_caller(request: Request, *, fresh: bool) -> Principal:
    """The caller of a request that is served without a session.

    Without `fresh` the caller may be cached from an earlier request: then the statement must check `key_works` too.

    Raises:
        KeyMissing, KeyUnknown, KeyRevoked, KeyExpired: the key is missing or does not work.
    """
    text = _read_text(request)
    known = None if fresh else _known.get(hash_secret(text))
    return known or await _authenticate(text, find_key)


async def find_mirrored_caller(request: Request) -> Principal:
    """The caller of a request that is served without the relational database.

    Raises:
        KeyMissing, KeyUnknown, KeyRevoked, KeyExpired: the key is missing or does not work.
        ServiceUnavailable: the table of the keys does not answer.
    """
    return await _authenticate(_read_text(request), find_mirrored_key)


def _read_text(request: Request) -> str:
    scheme, text = get_authorization_scheme_param(request.headers.get("authorization"))
    if scheme.lower() != "bearer" or not text:
        raise KeyMissing(_find_misplaced(request))
    return text


def _find_misplaced(request: Request) -> str | None:
    """The place of something that other APIs take for a key, in a request without one; its value is not repeated."""
    scheme, _ = get_authorization_scheme_param(request.headers.get("authorization"))
    if scheme:
        return f"'Authorization: {scheme} …'" if scheme.lower() in SCHEMES else "'Authorization: …' without 'Bearer'"
    header = next((name for name in HEADERS if name in request.headers), None)
    if header is not None:
        return f"a header '{header}'"
    parameter = next((name for name in request.query_params if _plain(name) in PARAMETERS), None)
    return f"a parameter '{parameter}' in its URL, which logs keep" if parameter else None


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")


# Callers by the hash of the text of their key.
_known: dict[bytes, Principal] = {}


async def _authenticate(text: str, find: Callable[[UUID], Awaitable[KeyRow | None]]) -> Principal:
    if _is_admin_key(text):
        return EVERYTHING
    parsed = parse_key(text)
    key = await find(parsed[0]) if parsed else None
    # Until it is found to work: a key that is refused is not known from then on.
    _known.pop(hash_secret(text), None)
    if parsed is None or key is None or not hmac.compare_digest(key.secret_hash, hash_secret(parsed[1])):
        raise KeyUnknown("There is no such API key.", hint=_hint_for_unknown(text))
    principal = _principal_of(key)
    while len(_known) >= MAX_KNOWN:
        _known.pop(next(iter(_known)))
    _known[hash_secret(text)] = principal
    return principal


def _hint_for_unknown(text: str) -> str:
    if re.search(r"\s", text):
        return "It contains a space; a key is one word. Was something copied with it?"
    if text[:1] in ("'", '"', "<", "$", "{"):
        return "It begins with a quote, a bracket or a sign of a variable; a key begins with tolva_."
    if not text.startswith("tolva_"):
        return "Keys that Tolva creates begin with tolva_ and are shown once."
    return "A key is shown once, when it is created. Was it copied whole?"


def _is_admin_key(text: str) -> bool:
    admin_key = get_settings().admin_key
    return admin_key is not None and hmac.compare_digest(text.encode(), admin_key.get_secret_value().encode())


def _principal_of(key: KeyRow) -> Principal:
    if key.revoked_at is not None:
        raise KeyRevoked(f"The key '{key.name}' was revoked at {key.revoked_at:%Y-%m-%dT%H:%M:%SZ}.")
    if key.expires_at is not None and key.expires_at <= datetime.now(UTC):
        raise KeyExpired(f"The key '{key.name}' expired at {key.expires_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}.")
    datasets = None if key.datasets is None else frozenset(key.datasets)
    return Principal(key.id, frozenset(cast("list[Scope]", key.scopes)), datasets)
