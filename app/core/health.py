"""Health: that the process is alive, and that the services it needs respond."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel

from app.core import log
from app.core.aws.queue import check_queue
from app.core.aws.storage import check_bucket
from app.core.database import statements
from app.core.database.pool import get_writer
from app.core.dynamo.table import check_table
from app.core.errors import ServiceUnavailable
from app.core.http.problem_documents import problem_responses
from app.core.settings import get_settings

CHECK_SECONDS = 2

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """The process answers."""

    status: Literal["ok"] = "ok"


@router.get("/health")
async def get_health() -> Health:
    """Say that the process lives. Nothing else is asked."""
    return Health()


@router.get("/ready", responses=problem_responses(ServiceUnavailable))
async def get_readiness() -> Health:
    """Say whether all parts answer: the database, the bucket, the queue and the table."""
    parts = {"database": _check_database, "bucket": check_bucket, "queue": check_queue, "table": check_table}
    answers = await asyncio.gather(*(_answers(name, check) for name, check in parts.items()))
    if silent := [name for name, answered in zip(parts, answers, strict=True) if not answered]:
        raise ServiceUnavailable(f"No answer from: {', '.join(silent)}.")
    return Health()


async def _check_database() -> None:
    try:
        await _ask_database()
    except ServiceUnavailable:
        # A connection that died in the pool says nothing of the database, and the next one is new.
        await _ask_database()


async def _ask_database() -> None:
    ((is_copy,),) = await statements.fetch("SELECT pg_is_in_recovery()")
    read_only = get_settings().read_only
    if is_copy and not read_only:
        # After a failover: the next connection leads to the instance that takes writes now.
        get_writer().drop_resting()
        raise ServiceUnavailable("The database is a copy, and takes no writes.")
    if read_only and not is_copy:
        log.warning("region.promoted", hint="The database takes writes: set TOLVA_READ_ONLY to false.")


async def _answers(name: str, check: Callable[[], Awaitable[None]]) -> bool:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            await check()
    except Exception as error:  # any failure means that the part does not answer
        log.warning("ready.no_answer", part=name, reason=type(error).__name__)
        return False
    return True
