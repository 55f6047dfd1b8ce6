"""Idempotency-Key: a repeated POST does nothing again, and gets the first answer.

A request claims its key in the table before it does anything. Once its work is committed its answer is kept there, if
it was a success. A request that failed before that has changed nothing, so its key is free again; if it failed after
its commit, the table keeps that it was done. A process that dies leaves a claim that ends with its lease. If an answer
contains a secret, the table keeps that it was sent, but not the answer.
"""

import gzip
import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core import log
from app.core.aws.dynamo_json import Item
from app.core.database.commits import note_claim, watch_commits, watch_nothing
from app.core.dynamo import table
from app.core.dynamo.requests import ConditionNotMet, patience
from app.core.dynamo.table import Condition
from app.core.errors import ParameterInvalid, Problem, ResponseNotStored
from app.core.http.names import IDEMPOTENCY_KEY, MAX_IDEMPOTENCY_KEY_LENGTH
from app.core.settings import get_settings

KEPT_HEADERS = ("cache-control", "content-type", "etag", "link", "location")
# DynamoDB's items have 400 KB at most, with the names of their attributes.
PART_BYTES = 380_000
RETRY_SECONDS = 2
CLAIM, PART = "claim", "part"
_STATE = "tolva.idempotency"


class IdempotencyKeyReused(Problem):
    """An earlier request had the same `Idempotency-Key` and another body.

    Create a new key, such as a UUID, for each new request; send the same key only with the same body.
    """

    status = 422
    title = "Idempotency key reused"


class IdempotencyKeyInUse(Problem):
    """A request with the same `Idempotency-Key` is still in progress.

    Wait as long as the header `Retry-After` says, then send the same request again to get its response.
    """

    status = 409
    title = "Idempotency key in use"


# The problems of a route that takes an Idempotency-Key, as well as its own.
IDEMPOTENCY_PROBLEMS = (ParameterInvalid, IdempotencyKeyReused, IdempotencyKeyInUse, ResponseNotStored)


@dataclass(frozen=True)
class Answer:
    """A response that was given: its body whole, of its headers those that KEPT_HEADERS names."""

    status: int
    headers: dict[str, str]
    body: bytes


class Replayed(Exception):
    """The request has been done before; this was the answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__("replayed")
        self.answer = answer


@dataclass(frozen=True)
class Claim:
    """The right to do a request: `pk` is the caller, the route and the key in one; `body` its body's hash.

    `is_secret` if its answer holds a secret, which is not kept.
    """

    pk: str
    body: str
    is_secret: bool = False
    token: str = field(default_factory=lambda: uuid4().hex)


async def claim_request(request: Request, caller: str, within: UUID | None = None, *, is_secret: bool = False) -> None:
    """Claim the request's Idempotency-Key, if it has one and has not claimed it yet, for a caller who is known.

    `within` is the id of the dataset that the request is about: in another one of its name it is another request.
    `is_secret` if its answer will hold a secret.

    Raises:
        Replayed: it has been done; the exception brings the answer.
        IdempotencyKeyReused, IdempotencyKeyInUse, ResponseNotStored, ParameterInvalid: the key cannot be used.
        ServiceUnavailable: the table does not answer.
    """
    claims: list[Claim] | None = request.scope.get(_STATE)
    if claims is None:
        return
    key = _read_key(request.headers)
    scope = f"{caller}\n{request.method}\n{request.scope['path']}\n{within or ''}\n{key}"
    claim = Claim(f"idempotency#{_hash(scope.encode())}", _hash(await request.body()), is_secret)
    if any(taken.pk == claim.pk for taken in claims):
        return
    await _take(claim)
    claims.append(claim)
    note_claim(claim.pk)


class IdempotentRequests:
    """Keeps the answers of requests that have claimed an Idempotency-Key."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST" or IDEMPOTENCY_KEY not in Headers(scope=scope):
            with watch_nothing():
                await self._app(scope, receive, send)
            return
        claims: list[Claim] = []
        messages: list[Message] = []

        async def hold(message: Message) -> None:
            if claims:
                messages.append(message)
            else:
                await send(message)

        with watch_commits() as commits:
            try:
                await self._app({**scope, _STATE: claims}, receive, hold)
            except BaseException as error:
                # What was cancelled may still be on its way: its claim ends with its lease.
                if commits.any or isinstance(error, Exception):
                    await _end(claims, None, is_done=commits.any)
                raise
        await _end(claims, _answer(messages), is_done=commits.any)
        for message in messages:
            await send(message)


def replay(answer: Answer) -> Response:
    """The response that was given, marked as given again."""
    return Response(answer.body, answer.status, {**answer.headers, "Idempotency-Replayed": "true"})


def _read_key(headers: Headers) -> str:
    keys = headers.getlist(IDEMPOTENCY_KEY)
    key = keys[0]
    if len(keys) > 1:
        raise ParameterInvalid(f"The request has {len(keys)} headers '{IDEMPOTENCY_KEY}'.", hint="Send one.")
    if not (key.isascii() and key.isprintable() and 0 < len(key) <= MAX_IDEMPOTENCY_KEY_LENGTH):
        raise ParameterInvalid(
            f"'{IDEMPOTENCY_KEY}' has 1 to {MAX_IDEMPOTENCY_KEY_LENGTH} visible ASCII characters.",
            hint="Send a new UUID for each request.",
        )
    return key


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _part(token: str) -> str:
    """The prefix of an answer's parts: parts of an older answer may still be there."""
    return f"{PART}#{token}#"


def _is_free(claim: Claim, now: int) -> Condition:
    """There is no claim, or an expired one, or an unfinished one of the same request, or this one already: a write that
    is sent again because its answer was lost finds itself there.
    """
    return Condition(
        "attribute_not_exists(#pk) OR #expires_at <= :now OR #token = :token "
        "OR (attribute_not_exists(#answer) AND #lease_until <= :now AND #body = :body)",
        {"now": now, "body": claim.body, "token": claim.token},
    )


def _is_ours(claim: Claim) -> Condition:
    return Condition("#token = :token", {"token": claim.token})


def _claim_item(claim: Claim, now: int) -> Item:
    settings = get_settings()
    return {
        "pk": claim.pk,
        "sk": CLAIM,
        "token": claim.token,
        "body": claim.body,
        "lease_until": now + settings.idempotency_lease_seconds,
        "expires_at": now + settings.idempotency_ttl_seconds,
    }


async def _take(claim: Claim) -> None:
    now = int(time.time())
    try:
        await table.put_item(_claim_item(claim, now), _is_free(claim, now))
    except ConditionNotMet:
        items = await table.list_items(claim.pk)
        raise _refusal(claim, items, now) from None


def _refusal(claim: Claim, items: list[Item], now: int) -> Exception:
    """The reason that a request cannot be done under its key, or its stored answer."""
    held = next((item for item in items if item["sk"] == CLAIM), None)
    if held is None or held["expires_at"] <= now or (held["body"] == claim.body and "answer" not in held):
        return IdempotencyKeyInUse(
            "The same request is still in progress.",
            hint=f"Send it again in {RETRY_SECONDS} seconds.",
            headers={"Retry-After": str(RETRY_SECONDS)},
        )
    if held["body"] != claim.body:
        return IdempotencyKeyReused(
            "An earlier request with this Idempotency-Key had another body.",
            hint="Send a new key with each new request, and the same body with the same key.",
        )
    answer = held["answer"]
    if answer.get("is_lost"):
        return ResponseNotStored(
            "The same request was processed before, but something failed before its response was sent or stored.",
            hint="Look for what it created. Send a new Idempotency-Key only to run it once more.",
        )
    if answer["is_secret"]:
        return ResponseNotStored(
            "The same request was processed before. Its response contained a secret, which is not stored.",
            hint="Look in the list for what it created; delete that and create another with a new Idempotency-Key.",
        )
    parts = b"".join(item["content"] for item in items if item["sk"].startswith(_part(held["token"])))
    return Replayed(Answer(answer["status"], answer["headers"], gzip.decompress(parts)))


def _answer(messages: list[Message]) -> Answer | None:
    """The answer in a response's messages if it was a success."""
    if not messages:
        return None
    start, *rest = messages
    if not 200 <= start["status"] < 300:
        return None
    headers = Headers(raw=start["headers"])
    kept = {name: headers[name] for name in KEPT_HEADERS if name in headers}
    body = b"".join(message.get("body", b"") for message in rest)
    return Answer(start["status"], kept, body)


async def _end(claims: Sequence[Claim], given: Answer | None, *, is_done: bool) -> None:
    """Keep the answer that was given; without one, that the request is done, or free its key. It is over by now.

    What is kept waits for a table that is away for a moment: the answer tells that the request is not done again.
    """
    for claim in claims:
        try:
            if given is None and not is_done:
                await table.delete_item(claim.pk, CLAIM, _is_ours(claim))
                continue
            with patience(get_settings().idempotency_patience_seconds):
                await (_keep_loss(claim) if given is None else _keep(claim, given))
        except ConditionNotMet:
            log.warning("idempotency.claim_lost")
        except Exception as error:
            log.failure("idempotency.answer_not_kept", error)


async def _keep(claim: Claim, answer: Answer) -> None:
    """Keep an answer; if its parts cannot be kept, that there was one."""
    try:
        if not claim.is_secret:
            await _keep_parts(claim, gzip.compress(answer.body, 1))
    except Exception:
        await _keep_loss(claim)
        raise
    await _settle(claim, {"status": answer.status, "headers": answer.headers, "is_secret": claim.is_secret})


async def _keep_parts(claim: Claim, content: bytes) -> None:
    expires_at = _claim_item(claim, int(time.time()))["expires_at"]
    for number, start in enumerate(range(0, len(content), PART_BYTES)):
        part = {"pk": claim.pk, "sk": f"{_part(claim.token)}{number:04}", "expires_at": expires_at}
        await table.put_item(part | {"content": content[start : start + PART_BYTES]})


async def _keep_loss(claim: Claim) -> None:
    """Keep that a request was done whose answer nobody knows."""
    await _settle(claim, {"is_lost": True})


async def _settle(claim: Claim, answer: dict[str, Any]) -> None:
    await table.put_item(_claim_item(claim, int(time.time())) | {"answer": answer}, _is_ours(claim))
