"""Clients of S3, SQS and DynamoDB: the one module that knows aioboto3, so that it can be replaced."""

import asyncio
from contextlib import AsyncExitStack
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, overload

import aioboto3
from botocore.config import Config

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient
    from types_aiobotocore_s3 import S3Client
    from types_aiobotocore_sqs import SQSClient

_CONFIG = Config(
    signature_version="v4",
    retries={"mode": "standard", "max_attempts": 4},
    connect_timeout=5,
    read_timeout=30,
    max_pool_connections=32,
)
# Presigned URLs carry version 4 signatures, and paths hold the bucket so that any endpoint works.
_S3_CONFIG = _CONFIG.merge(Config(signature_version="s3v4", s3={"addressing_style": "path"}))


@cache
def _session() -> aioboto3.Session:
    return aioboto3.Session()


class Clients:
    """The clients of one event loop, each made at its first use and kept until `close`."""

    def __init__(self) -> None:
        self._stack = AsyncExitStack()
        self._clients: dict[str, Any] = {}
        self._lock = asyncio.Lock()

    async def get(self, service: str) -> Any:
        async with self._lock:
            if service not in self._clients:
                config = _S3_CONFIG if service == "s3" else _CONFIG
                context = _session().client(service, config=config)
                self._clients[service] = await self._stack.enter_async_context(context)
            return self._clients[service]

    async def close(self) -> None:
        await self._stack.aclose()
        self._clients.clear()


_clients = Clients()


@overload
async def client(service: Literal["s3"]) -> "S3Client": ...
@overload
async def client(service: Literal["sqs"]) -> "SQSClient": ...
@overload
async def client(service: Literal["dynamodb"]) -> "DynamoDBClient": ...
async def client(service: str) -> Any:
    """The process's client of a service, made at its first use."""
    return await _clients.get(service)


async def close_clients() -> None:
    """Close every client: at the end of a process or of a test's event loop."""
    await _clients.close()
