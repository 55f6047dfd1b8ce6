"""One item of the table, for a process that has no client of DynamoDB and may never need one.

Whether a dataset is in the table is asked by each process once, of most datasets to hear that it is not; loading a
client for that takes as long as all the rest of a cold start. This is one signed request by the standard library. It
knows only the credentials that Lambda gives, in the environment; whoever has others, or no answer, takes the client.
"""

import asyncio
import hashlib
import hmac
import http.client
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import SplitResult, urlsplit

from app.core.dynamo_wire import read_response, write_request

TARGET = "DynamoDB_20120810.GetItem"
ALGORITHM = "AWS4-HMAC-SHA256"
ANSWER_SECONDS = 1.0


class LookupFailed(Exception):
    """There is no answer to be had in this way."""


@dataclass(frozen=True)
class Credentials:
    """What a request is signed with."""

    key_id: str
    secret: str
    token: str | None
    region: str


async def look_up(arguments: dict[str, Any]) -> dict[str, Any]:
    """The answer of DynamoDB's GetItem.

    Raises:
        LookupFailed: there is none.
    """
    try:
        variables = os.environ
        credentials = Credentials(
            variables["AWS_ACCESS_KEY_ID"],
            variables["AWS_SECRET_ACCESS_KEY"],
            variables.get("AWS_SESSION_TOKEN"),
            variables.get("AWS_REGION") or variables["AWS_DEFAULT_REGION"],
        )
        return await asyncio.to_thread(_ask, _find_endpoint(credentials.region), write_request(arguments), credentials)
    except (KeyError, OSError, http.client.HTTPException) as error:
        raise LookupFailed from error


def _find_endpoint(region: str) -> SplitResult:
    variables = os.environ
    given = variables.get("AWS_ENDPOINT_URL_DYNAMODB") or variables.get("AWS_ENDPOINT_URL")
    return urlsplit(given or f"https://dynamodb.{region}.amazonaws.com")


def _ask(endpoint: SplitResult, body: bytes, credentials: Credentials) -> dict[str, Any]:
    connect = http.client.HTTPSConnection if endpoint.scheme == "https" else http.client.HTTPConnection
    connection = connect(endpoint.netloc, timeout=ANSWER_SECONDS)
    try:
        connection.request("POST", "/", body, sign(endpoint.netloc, body, credentials, datetime.now(UTC)))
        response = connection.getresponse()
        answer = response.read()
    finally:
        connection.close()
    if response.status != http.HTTPStatus.OK:
        raise LookupFailed(f"{response.status}: {answer[:200]!r}")
    return read_response(answer)


def sign(host: str, body: bytes, credentials: Credentials, now: datetime) -> dict[str, str]:
    """The headers of a request, its signature of version 4 among them."""
    time = f"{now:%Y%m%dT%H%M%SZ}"
    headers = {
        "content-type": "application/x-amz-json-1.0",
        "host": host,
        "x-amz-date": time,
        "x-amz-target": TARGET,
    }
    if credentials.token:
        headers["x-amz-security-token"] = credentials.token
    scope = f"{time[:8]}/{credentials.region}/dynamodb/aws4_request"
    names = ";".join(sorted(headers))
    text = "\n".join((ALGORITHM, time, scope, _digest(_canonical(headers, names, body))))
    signature = hmac.new(_signing_key(credentials.secret, scope), text.encode(), hashlib.sha256).hexdigest()
    identity = f"Credential={credentials.key_id}/{scope}"
    return headers | {"authorization": f"{ALGORITHM} {identity}, SignedHeaders={names}, Signature={signature}"}


def _canonical(headers: Mapping[str, str], names: str, body: bytes) -> bytes:
    lines = (f"{name}:{headers[name]}" for name in names.split(";"))
    return "\n".join(("POST", "/", "", *lines, "", names, _digest(body))).encode()


def _signing_key(secret: str, scope: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
