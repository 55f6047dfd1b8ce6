"""Amazon's own DynamoDB Local in the emulator's place, if TOLVA_TEST_DYNAMODB_LOCAL names its folder.

The npm package amplify-dynamodb-simulator carries it, in `package/emulator`; it needs Java 17 or newer.
"""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.local.services.emulator import HOST, find_free_port

VARIABLE = "TOLVA_TEST_DYNAMODB_LOCAL"
START_SECONDS = 30.0


@contextmanager
def dynamodb_local(folder: str | None) -> Iterator[None]:
    """Send DynamoDB's clients to a DynamoDB Local of the folder, which runs meanwhile; without one nothing changes."""
    if folder is None:
        yield
        return
    jar = Path(folder).resolve() / "DynamoDBLocal.jar"
    if shutil.which("java") is None or not jar.exists():
        pytest.skip(f"{VARIABLE} is set, and there is no Java or no {jar}")
    port = find_free_port()
    command = ["java", f"-Djava.library.path={jar.parent / 'DynamoDBLocal_lib'}", "-jar", str(jar)]
    # It leaves a file of its own in its working folder.
    process = subprocess.Popen(
        [*command, "-inMemory", "-port", str(port)],
        cwd=jar.parent,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.environ["AWS_ENDPOINT_URL_DYNAMODB"] = f"http://{HOST}:{port}"
    try:
        _wait_for(port, process)
        yield
    finally:
        del os.environ["AWS_ENDPOINT_URL_DYNAMODB"]
        process.terminate()
        process.wait()


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError("DynamoDB Local did not start")
