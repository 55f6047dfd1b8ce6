"""Migrates the database: the Lambda function that the stack calls on each deploy, and the same for a laptop."""

from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

import app
from app.core.settings import get_settings

CONFIG_FILE = Path(app.__file__).resolve().parent.parent / "alembic.ini"


def upgrade(database_url: str) -> None:
    """Bring a database to the newest revision.

    Two processes may do so at once: the second waits and finds nothing to do. It runs its own event loop, so call it
    where none is running.
    """
    config = Config(CONFIG_FILE)
    config.attributes["database_url"] = database_url
    command.upgrade(config, "head")


def handler(event: dict[str, Any], context: Any) -> dict[str, str | None]:
    """Migrate the database of the settings and say which revision it is at."""
    upgrade(get_settings().database_url)
    return {"revision": ScriptDirectory.from_config(Config(CONFIG_FILE)).get_current_head()}
