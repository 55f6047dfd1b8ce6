"""The application in a process of its own, which learns of what other processes do as they learn of each other's."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import psutil

from app.local.services.emulator import find_free_port
from tests.local.running import eventually


@dataclass(frozen=True)
class ApiProcess:
    """A server of the application on a local port."""

    port: int
    process: psutil.Process

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def api_process() -> Iterator[ApiProcess]:
    """A server with the settings that the environment has now; it ends with the block. Its errors are shown."""
    port = find_free_port()
    command = [sys.executable, "-m", "app.local.api", "--host", "127.0.0.1", "--port", str(port)]
    with subprocess.Popen(command, env=os.environ | {"TOLVA_LOG_LEVEL": "ERROR"}) as process:
        started = ApiProcess(port, psutil.Process(process.pid))
        try:
            assert eventually(lambda: _answers(started))
            yield started
        finally:
            process.terminate()


def _answers(started: ApiProcess) -> bool:
    try:
        return httpx.get(f"{started.url}/health", trust_env=False, verify=False).is_success
    except httpx.TransportError:
        return False
