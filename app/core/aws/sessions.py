"""Clients of AWS as aioboto3 makes them: the one module that knows it, so that it can be replaced.

Loading it takes as long as all the rest of the API. Most requests need no client, so `aws` loads it with the first one.
"""

from contextlib import AbstractAsyncContextManager
from functools import cache
from typing import Any

import aioboto3
from aiobotocore.parsers import AioJSONParser, AioResponseParserFactory
from botocore.config import Config
from botocore.exceptions import NoCredentialsError, NoRegionError

from app.core.aws.dynamo_json import read_response, write_request
from app.core.aws.signing import Credentials

_CONFIG = Config(
    signature_version="v4",
    retries={"mode": "standard", "max_attempts": 4},
    connect_timeout=5,
    read_timeout=30,
    max_pool_connections=32,
)
# Presigned URLs carry version 4 signatures, and paths hold the bucket so that any endpoint works.
_S3_CONFIG = _CONFIG.merge(Config(signature_version="s3v4", s3={"addressing_style": "path"}))
# A key is looked up in milliseconds: a table that does not answer soon is down. Its retries are those for DynamoDB,
# which begin after 50 ms.
_DYNAMODB_CONFIG = Config(
    retries={"mode": "legacy", "max_attempts": 3},
    connect_timeout=1,
    read_timeout=5,
    max_pool_connections=64,
    parameter_validation=False,
)
_CONFIGS = {"s3": _S3_CONFIG, "dynamodb": _CONFIG.merge(_DYNAMODB_CONFIG)}
_BODY = "tolva.body"


class _PlainParser(AioJSONParser):
    """Gives DynamoDB's answers as the JSON they are: the stock parser goes through each value by its description."""

    async def _do_parse(self, response: dict[str, Any], shape: Any) -> dict[str, Any]:  # noqa: ARG002  # as botocore calls it
        parsed = read_response(response["body"]) if response["body"] else {}
        self._inject_response_metadata(parsed, response["headers"])  # type: ignore[attr-defined]  # botocore is untyped
        return parsed


class _PlainParserFactory(AioResponseParserFactory):
    def create_parser(self, protocol_name: str) -> _PlainParser:  # noqa: ARG002  # as botocore calls it
        return _PlainParser(**self._defaults)  # type: ignore[attr-defined]  # botocore is untyped


def _write_body(params: dict[str, Any], context: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Keep the arguments as the JSON they become, so that the stock serializer has nothing to go through."""
    context[_BODY] = write_request(params)
    # The endpoint is looked for by the names of the tables in there, and is the same without any.
    return {"RequestItems": {}} if "RequestItems" in params else {}


def _place_body(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
    params["body"] = context[_BODY]


@cache
def _session() -> aioboto3.Session:
    return aioboto3.Session()


@cache
def _plain_session() -> aioboto3.Session:
    """The session of DynamoDB's clients: arguments and answers are the interface's JSON, signed and retried as ever."""
    session = aioboto3.Session()
    inner = session._session  # the place for botocore's own components
    inner.register_component("response_parser_factory", _PlainParserFactory())
    inner.register("provide-client-params.dynamodb", _write_body)
    inner.register("before-call.dynamodb", _place_body)
    return session


def new_client(service: str) -> AbstractAsyncContextManager[Any]:
    """A client of a service, open as long as the block that it is entered for."""
    session = _plain_session() if service == "dynamodb" else _session()
    context: AbstractAsyncContextManager[Any] = session.client(service, config=_CONFIGS.get(service, _CONFIG))
    return context


async def get_credentials() -> Credentials:
    """The process's credentials, wherever it has them from.

    Raises:
        NoCredentialsError, NoRegionError: it has none.
    """
    session = _session()
    credentials = await session.get_credentials()
    if credentials is None:
        raise NoCredentialsError
    if session.region_name is None:
        raise NoRegionError
    frozen = await credentials.get_frozen_credentials()
    return Credentials(frozen.access_key, frozen.secret_key, frozen.token, session.region_name)
