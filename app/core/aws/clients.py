"""The process's clients of S3, SQS and DynamoDB, each created at its first use."""

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, overload

from app.core.aws.signing import find_credentials, sign_database_token

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient
    from types_aiobotocore_s3 import S3Client
    from types_aiobotocore_sqs import SQSClient


class Clients:
    """The clients of one event loop, each created at its first use and kept until `close`."""

    def __init__(self) -> None:
        self._stack = AsyncExitStack()
        self._clients: dict[str, Any] = {}
        self._lock = asyncio.Lock()

    async def get(self, service: str) -> Any:
        async with self._lock:
            if service not in self._clients:
                from app.core.aws.sessions import new_client  # noqa: PLC0415  # slow to load, and most requests need none

                self._clients[service] = await self._stack.enter_async_context(new_client(service))
            return self._clients[service]

    def has(self, service: str) -> bool:
        return service in self._clients

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
    """The process's client of a service, created at its first use."""
    return await _clients.get(service)


def has_client(service: Literal["s3", "sqs", "dynamodb"]) -> bool:
    """Return whether the process has a client of a service: the first one takes long."""
    return _clients.has(service)


async def close_clients() -> None:
    """Close every client: at the end of a process or of a test's event loop."""
    await _clients.close()


async def database_token(host: str, port: int, user: str) -> str:
    """A password for one login to Aurora within fifteen minutes, signed with the process's credentials of AWS."""
    credentials = find_credentials()
    if credentials is None:
        from app.core.aws.sessions import get_credentials  # noqa: PLC0415  # slow to load, and not for Lambda

        credentials = await get_credentials()
    return sign_database_token(host, port, user, credentials, datetime.now(UTC))
