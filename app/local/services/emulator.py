"""The embedded AWS emulator: S3, SQS and DynamoDB of ministack on one local port.

What it has answered it keeps, however it ends; kept_emulator.py says how.
"""

import os
import shutil
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from app.local.parent import PARENT_VARIABLE
from app.local.private_files import make_private
from app.local.process import Child, LocalError, Patience, Stopped, end_leftover, ignore

REQUIREMENT = "ministack==1.5.33"
# Nothing newer than this is taken, so that what the emulator itself needs is as fixed as it is.
NEWEST = "2026-11-22T00:00:00Z"
HOST = "127.0.0.1"
REGION = "us-east-1"
ACCOUNT = "000000000000"
BUCKET = "tolva"
QUEUE = "tolva"
IMAGES_QUEUE = "tolva-images"
TABLE = "tolva"
# Crash recovery reads what the table's journal has.
START_SECONDS = 120.0
START_ATTEMPTS = 3
# How the program says that its files are broken; its last line says which one. See kept_emulator.py.
BROKEN = 65
# The emulator's interpreter sees this program's folder while it loads it, and nothing of Tolva's packages afterwards.
ROOT = Path(__file__).parents[3]
PROGRAM = """
import sys
sys.path.append(sys.argv.pop(1))
from app.local.services.kept_emulator import main
sys.path.pop()
main()
"""
FETCH_SECONDS = 300


class Emulator:
    """One emulator over one data folder. Its port is chosen at the first start and kept for the next ones."""

    def __init__(
        self,
        folder: Path,
        log: Path,
        *,
        patience: Patience | None = None,
        report: Callable[[str], None] = ignore,
    ) -> None:
        self._folder = folder.absolute()
        self._log = log
        self._pid_file = self._folder / "emulator.pid"
        self._patience = patience or Patience()
        self._report = report
        self._port: int | None = None
        self._child: Child | None = None

    @property
    def url(self) -> str:
        """The endpoint of every service; known once the emulator has started."""
        return f"http://{HOST}:{self._port}"

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child else None

    def start(self) -> None:
        """Start the emulator and wait until it answers.

        Raises:
            LocalError: it cannot be fetched or does not start.
            Stopped: the user asked to stop meanwhile.
        """
        make_private(self._folder)
        if end_leftover(self._pid_file):
            self._report("Stopped the AWS emulator of an earlier run that was killed")
        python = find_python(self._report)
        for _ in range(START_ATTEMPTS):
            # A port that was free a moment ago can be taken: then the emulator ends at once, and another is tried.
            port = self._port or find_free_port()
            self._child = self._new_child(python, port)
            if self._starts(self._child, port):
                self._port = port
                return
            if self._child.exit_code() == BROKEN:
                raise LocalError(self._child.last_line())
        raise LocalError(f"The AWS emulator did not start; the end of its log:\n{self.log_tail()}")

    def is_alive(self) -> bool:
        return self._child is not None and self._child.is_alive()

    def stop(self) -> None:
        """End the emulator in good order: it writes its messages down as it ends."""
        if self._child:
            self._child.stop()

    def log_tail(self) -> str:
        return self._child.log_tail() if self._child else ""

    def _new_child(self, python: str, port: int) -> Child:
        settings = {
            "BIND_HOST": HOST,
            "MINISTACK_HOST": HOST,
            "GATEWAY_PORT": str(port),
            "SERVICES": "s3,sqs,dynamodb",
            "MINISTACK_REGION": REGION,
            "PERSIST_STATE": "1",
            "STATE_DIR": str(self._folder / "state"),
            "S3_PERSIST": "1",
            "S3_DATA_DIR": str(self._folder / "s3"),
            "TOLVA_TABLE_FOLDER": str(self._folder / "table"),
            PARENT_VARIABLE: str(os.getpid()),
        }
        return Child(
            "AWS emulator",
            [python, "-P", "-c", PROGRAM, str(ROOT)],
            self._log,
            pid_file=self._pid_file,
            environment=_without_python_settings(os.environ) | settings,
            patience=self._patience,
        )

    def _starts(self, child: Child, port: int) -> bool:
        child.start()
        try:
            settled = self._patience.wait_until(lambda: not child.is_alive() or _answers(port), START_SECONDS)
        except Stopped:
            child.stop()
            raise
        if settled and child.is_alive():
            return True
        child.stop()
        return False


def emulator_environment(url: str) -> dict[str, str]:
    """The variables that send every AWS client to the emulator, and name the resources it holds."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "TOLVA_BUCKET": BUCKET,
        "TOLVA_QUEUE_URL": f"{url}/{ACCOUNT}/{QUEUE}",
        "TOLVA_IMAGES_QUEUE_URL": f"{url}/{ACCOUNT}/{IMAGES_QUEUE}",
        "TOLVA_TABLE": TABLE,
    }


@cache
def find_python(report: Callable[[str], None] = ignore) -> str:
    """The interpreter of the environment in which uv keeps the emulator; created if missing.

    It needs versions of its own of what Tolva uses too, so it cannot live in Tolva's environment. Only the first time
    on a machine asks the package index.

    Raises:
        LocalError: uv is missing, or the emulator is neither installed nor available.
    """
    uv = os.environ.get("UV") or shutil.which("uv")
    if uv is None:
        raise LocalError(
            "uv was not found, which fetches the AWS emulator. Install it (`pip install uv`) and start again, "
            "or start with `uv run tolva dev`."
        )
    done = _ask_uv(uv, "--offline")
    if done.returncode:
        report(f"Fetching the AWS emulator ({REQUIREMENT}), this once")
        done = _ask_uv(uv)
    if done.returncode:
        raise LocalError(
            f"The AWS emulator ({REQUIREMENT}) is not on this machine yet and could not be fetched. Connect to the "
            f"package index once and start again; after that it works offline. uv said:\n{done.stderr.strip()}"
        )
    return done.stdout.strip()


def _ask_uv(uv: str, *options: str) -> "subprocess.CompletedProcess[str]":
    """Ask uv for the interpreter of the emulator's environment."""
    command = [uv, "tool", "run", "--no-config", "--exclude-newer", NEWEST, "--from", REQUIREMENT, *options]
    command += ["python", "-c", "import sys; print(sys.executable)"]
    try:
        return subprocess.run(
            command, check=False, capture_output=True, text=True, timeout=FETCH_SECONDS, start_new_session=True
        )
    except subprocess.TimeoutExpired:
        raise LocalError(f"{REQUIREMENT} could not be fetched within {FETCH_SECONDS} seconds.") from None


def find_free_port() -> int:
    """A local TCP port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _answers(port: int) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://{HOST}:{port}/_ministack/ready", timeout=1) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _without_python_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment without what would bend another interpreter or another AWS to ours."""
    return {
        name: value
        for name, value in environment.items()
        if not name.startswith(("AWS_", "TOLVA_", "VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME"))
    }
