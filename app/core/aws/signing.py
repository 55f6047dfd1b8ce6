"""Requests to AWS signed by the standard library: for the two that a cold start may need before it has a client.

It knows the credentials that Lambda gives, in the environment.
"""

import hashlib
import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, urlencode

ALGORITHM = "AWS4-HMAC-SHA256"
TOKEN_SECONDS = 900


@dataclass(frozen=True)
class Credentials:
    """The credentials that sign a request."""

    key_id: str
    secret: str
    token: str | None
    region: str


def find_credentials() -> Credentials | None:
    """The credentials of the environment."""
    variables = os.environ
    key_id, secret = variables.get("AWS_ACCESS_KEY_ID"), variables.get("AWS_SECRET_ACCESS_KEY")
    region = variables.get("AWS_REGION") or variables.get("AWS_DEFAULT_REGION")
    if not (key_id and secret and region):
        return None
    return Credentials(key_id, secret, variables.get("AWS_SESSION_TOKEN"), region)


def sign_table_request(target: str, host: str, body: bytes, credentials: Credentials, now: datetime) -> dict[str, str]:
    """The headers of a request to DynamoDB, its signature among them."""
    headers = {
        "content-type": "application/x-amz-json-1.0",
        "host": host,
        "x-amz-date": _time(now),
        "x-amz-target": target,
    }
    if credentials.token:
        headers["x-amz-security-token"] = credentials.token
    scope = _scope(credentials, "dynamodb", now)
    signature = _sign("POST", "", headers, body, (credentials, scope, now))
    identity = f"Credential={credentials.key_id}/{scope}, SignedHeaders={_names(headers)}"
    return headers | {"authorization": f"{ALGORITHM} {identity}, Signature={signature}"}


def sign_database_token(host: str, port: int, user: str, credentials: Credentials, now: datetime) -> str:
    """A token that Aurora takes as the password of `user`, for TOKEN_SECONDS."""
    scope = _scope(credentials, "rds-db", now)
    place = f"{host}:{port}"
    parameters = {
        "Action": "connect",
        "DBUser": user,
        "X-Amz-Algorithm": ALGORITHM,
        "X-Amz-Credential": f"{credentials.key_id}/{scope}",
        "X-Amz-Date": _time(now),
        "X-Amz-Expires": str(TOKEN_SECONDS),
        "X-Amz-SignedHeaders": "host",
    }
    if credentials.token:
        parameters["X-Amz-Security-Token"] = credentials.token
    query = urlencode(sorted(parameters.items()), quote_via=quote, safe="")
    signature = _sign("GET", query, {"host": place}, b"", (credentials, scope, now))
    return f"{place}/?{query}&X-Amz-Signature={signature}"


def _sign(
    method: str, query: str, headers: Mapping[str, str], body: bytes, by: tuple[Credentials, str, datetime]
) -> str:
    credentials, scope, now = by
    lines = (f"{name}:{headers[name]}" for name in sorted(headers))
    canonical = "\n".join((method, "/", query, *lines, "", _names(headers), _digest(body)))
    text = "\n".join((ALGORITHM, _time(now), scope, _digest(canonical.encode())))
    key = f"AWS4{credentials.secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def _names(headers: Mapping[str, str]) -> str:
    return ";".join(sorted(headers))


def _scope(credentials: Credentials, service: str, now: datetime) -> str:
    return f"{now:%Y%m%d}/{credentials.region}/{service}/aws4_request"


def _time(now: datetime) -> str:
    return f"{now:%Y%m%dT%H%M%SZ}"


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
