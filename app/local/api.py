"""The API as a child process of `tolva dev`."""

import argparse
from pathlib import Path

import uvicorn
from fastapi import FastAPI

import app
from app import main as product
from app.core import log
from app.core.settings import get_settings
from app.local.bounded_http import BoundedProtocol
from app.local.parent import end_with_parent

# Requests that are being answered when the API is asked to stop have this long to finish.
GRACE_SECONDS = 5


def create_app() -> FastAPI:
    """The application with its logs set up; with --reload, each new process calls this and not `main`."""
    log.configure(get_settings().log_level)
    return product.create_app()


def main() -> None:
    """Serve the API; it ends with the process that started it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--reload", action="store_true")
    arguments = parser.parse_args()
    end_with_parent()
    uvicorn.run(
        "app.local.api:create_app",
        factory=True,
        host=arguments.host,
        port=arguments.port,
        reload=arguments.reload,
        reload_dirs=[str(Path(app.__file__).parent)] if arguments.reload else None,
        log_config=None,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        http=BoundedProtocol,
        h11_max_incomplete_event_size=get_settings().max_head_bytes,
    )


if __name__ == "__main__":
    main()
