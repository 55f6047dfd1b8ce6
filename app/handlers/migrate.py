"""Migrates the database: the Lambda function that CloudFormation calls on each deploy, and the same for a laptop."""

import asyncio
import json
import time
import urllib.request
from pathlib import Path
from typing import Any

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.script.revision import ResolutionError
from alembic.util.exc import CommandError
from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError

import app
from app.core import log
from app.core.database.errors import LOCK_NOT_AVAILABLE
from app.core.database.pool import login, verified_tls
from app.core.settings import get_settings
from app.datasets.alter.search_indexes import rebuild_search_indexes

CONFIG_FILE = Path(app.__file__).resolve().parent.parent / "alembic.ini"
MASTER = "master"
# What the functions log in as. It may make schemas, and owns what it makes; `rds_iam` lets it log in by IAM.
USER_STATEMENTS = (
    "DO $$ BEGIN CREATE ROLE tolva LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$",
    "GRANT rds_iam TO tolva",
    "DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO tolva', current_database()); END $$",
)
# A database that paused takes some 15 seconds to come back.
CONNECT_SECONDS = 60
# How long a migration tries again for a lock. Search indexes take 150 seconds more, and the function has 900.
LOCK_PATIENCE_SECONDS = 600.0
LOCK_PAUSE_SECONDS = 5.0
ANSWER_SECONDS = 30


def upgrade(database_url: str) -> None:
    """Bring a database to the newest revision, and its search indexes to what this code searches.

    Two processes may do so at once: the second waits and finds nothing to do. It runs its own event loop, so call it
    while no other is running.
    """
    config = Config(CONFIG_FILE)
    config.attributes["database_url"] = database_url
    command.upgrade(config, "head")
    asyncio.run(rebuild_search_indexes(database_url))


def handler(event: dict[str, Any], context: Any) -> dict[str, str | None]:
    """Migrate the database of the settings and report its revision; to CloudFormation, if that asks."""
    log.configure(get_settings().log_level)
    if "ResponseURL" not in event:
        return {"revision": _migrate()}
    outcome: dict[str, Any] = {"Status": "SUCCESS"}
    try:
        if event["RequestType"] != "Delete":
            _prepare(event.get("ResourceProperties", {}))
    except Exception as error:  # without an answer CloudFormation would wait until its time is over
        log.failure("migration.failed", error)
        outcome = {"Status": "FAILED", "Reason": f"{type(error).__name__}: {error}"}
    _answer(event, outcome)
    return {}


def _prepare(properties: dict[str, Any]) -> None:
    """Make the user that the functions log in as, if it is missing, and migrate."""
    if properties.get("ReadOnly") == "true" or get_settings().read_only:
        # A secondary region's database is a copy, which only its primary can change.
        log.event("migration.skipped", reason="the database is a copy")
        return
    asyncio.run(_ensure_user())
    try:
        log.event("migration.finished", revision=_migrate())
    except CommandError as error:
        if not isinstance(error.__cause__, ResolutionError):
            raise
        # The stack goes back to older code, which the database still serves: each migration leaves that working.
        log.event("migration.skipped", reason=str(error))


async def _ensure_user() -> None:
    """Make the user unless it can log in: only the first deploy depends on the master user's password."""
    try:
        connection = await asyncpg.connect(**login(get_settings().database_url) | {"timeout": CONNECT_SECONDS})
    except asyncpg.InvalidAuthorizationSpecificationError:
        password = get_settings().master_password
        if password is None:
            raise
        await _make_user(password.get_secret_value())
    else:
        await connection.close()


async def _make_user(password: str) -> None:
    url = make_url(get_settings().database_url).set(drivername="postgresql", username=MASTER, password=password)
    authorities = get_settings().database_ca_file
    connection = await asyncpg.connect(
        url.render_as_string(hide_password=False),
        timeout=CONNECT_SECONDS,
        ssl=verified_tls(authorities) if authorities is not None else None,
    )
    try:
        # All or nothing: a user that can log in is never made again.
        async with connection.transaction():
            for statement in USER_STATEMENTS:
                await connection.execute(statement)
    finally:
        await connection.close()


def _migrate() -> str | None:
    end = time.monotonic() + LOCK_PATIENCE_SECONDS
    while not _upgraded(is_last=time.monotonic() >= end):
        time.sleep(LOCK_PAUSE_SECONDS)
    return ScriptDirectory.from_config(Config(CONFIG_FILE)).get_current_head()


def _upgraded(*, is_last: bool) -> bool:
    """Return whether the database is migrated: not while an import holds what a migration has to lock."""
    try:
        upgrade(get_settings().database_url)
    except DBAPIError as error:
        if is_last or getattr(error.orig, "sqlstate", None) != LOCK_NOT_AVAILABLE:
            raise
        log.event("migration.waits", reason=str(error.orig))
        return False
    return True


def _answer(event: dict[str, Any], outcome: dict[str, Any]) -> None:
    told = {name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")}
    body = json.dumps({**told, "PhysicalResourceId": "database", **outcome}).encode()
    # The address is signed for a body without a type.
    request = urllib.request.Request(event["ResponseURL"], body, {"Content-Type": ""}, method="PUT")  # noqa: S310  # CloudFormation's
    with urllib.request.urlopen(request, timeout=ANSWER_SECONDS):  # noqa: S310  # as above
        pass
