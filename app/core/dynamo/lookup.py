"""One item of the table, for a process that has no client of DynamoDB and may never need one.

Each process asks once for each dataset whether it is in the table, and most are not; loading a client for that takes as
long as all the rest of a cold start. This is one request by the standard library. Without credentials in the
environment, or without an answer, callers use the client.
"""

import asyncio
import http.client
import os
from datetime import UTC, datetime
from typing import Any
from urllib.parse import SplitResult, urlsplit

from app.core.aws.dynamo_json import read_response, write_request
from app.core.aws.signing import Credentials, find_credentials, sign_table_request

TARGET = "DynamoDB_20120810.GetItem"
ANSWER_SECONDS = 1.0


class LookupFailed(Exception):
    """The lookup has no answer in this way."""


async def look_up(arguments: dict[str, Any]) -> dict[str, Any]:
    """The answer of DynamoDB's GetItem.

    Raises:
        LookupFailed: there is no answer.
    """
    credentials = find_credentials()
    if credentials is None:
        raise LookupFailed("there are no credentials in the environment")
    try:
        return await asyncio.to_thread(_ask, _find_endpoint(credentials.region), write_request(arguments), credentials)
    except (OSError, http.client.HTTPException, ValueError) as error:  # the last: what answers speaks no JSON
        raise LookupFailed from error


def _find_endpoint(region: str) -> SplitResult:
    variables = os.environ
    given = variables.get("AWS_ENDPOINT_URL_DYNAMODB") or variables.get("AWS_ENDPOINT_URL")
    return urlsplit(given or f"https://dynamodb.{region}.amazonaws.com")


def _ask(endpoint: SplitResult, body: bytes, credentials: Credentials) -> dict[str, Any]:
    connect = http.client.HTTPSConnection if endpoint.scheme == "https" else http.client.HTTPConnection
    connection = connect(endpoint.netloc, timeout=ANSWER_SECONDS)
    headers = sign_table_request(TARGET, endpoint.netloc, body, credentials, datetime.now(UTC))
    try:
        connection.request("POST", "/", body, headers)
        response = connection.getresponse()
        answer = response.read()
    finally:
        connection.close()
    if response.status != http.HTTPStatus.OK:
        raise LookupFailed(f"{response.status}: {answer[:200]!r}")
    return read_response(answer)
