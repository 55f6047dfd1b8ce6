"""AWS's runtime interface emulator: it runs a function's command and brings it events, as Lambda does."""

import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from app.local.services.emulator import find_free_port

# The wheel has the emulator in it. It is kept in an environment of its own: its pins are not ours.
SAM_CLI = "aws-sam-cli==1.170.0"
MACHINES = {"x86_64": "x86_64", "aarch64": "arm64"}
FETCH_SECONDS = 300
START_SECONDS = 20
INVOKE_SECONDS = 60
INVOCATIONS = "/2015-03-31/functions/function/invocations"


ROOT = Path(__file__).parent.parent.parent


class EmulatorMissing(Exception):
    """The emulator does not run on this machine, or cannot be fetched; the message says why."""


def image_python() -> str:
    """An interpreter of the image's version if this machine has one, else the one that runs the tests."""
    found = subprocess.run([ROOT / ".ci" / "image-python"], capture_output=True, text=True, check=False)
    return found.stdout.strip() or sys._base_executable  # type: ignore[attr-defined]  # the venv's own has no pip


def find_emulator(folder: Path) -> Path:
    """The emulator's program, copied to a folder.

    Raises:
        EmulatorMissing: it is unavailable.
    """
    machine = MACHINES.get(platform.machine())
    uv = os.environ.get("UV") or shutil.which("uv")
    if sys.platform != "linux" or machine is None or uv is None:
        raise EmulatorMissing("Lambda's emulator is for Linux on x86-64 or arm64, and uv fetches it")
    script = "from pathlib import Path; import samcli; print(Path(samcli.__file__).parent)"
    command = [uv, "tool", "run", "--quiet", "--from", SAM_CLI, "python", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, timeout=FETCH_SECONDS, check=False)
    if done.returncode != 0:
        raise EmulatorMissing(f"{SAM_CLI}, which has Lambda's emulator in it, cannot be fetched: {done.stderr.strip()}")
    program = folder / "aws-lambda-rie"
    shutil.copy(Path(done.stdout.strip()) / "local" / "rapid" / f"aws-lambda-rie-{machine}", program)
    program.chmod(0o755)
    return program


class LambdaFunction:
    """A function under the emulator, for the `with` block; its process starts with the first event.

    `handler` is the image's command, as `app.handlers.api.handler`; `python` the interpreter that runs it.
    """

    def __init__(
        self,
        program: Path,
        handler: str,
        log: Path,
        *,
        python: str = sys.executable,
        folder: Path | None = None,
        variables: dict[str, str] | None = None,
    ) -> None:
        self._log = log
        self.address = f"127.0.0.1:{find_free_port()}"
        runtime = ["--runtime-api-address", f"127.0.0.1:{find_free_port()}"]
        own = ["--runtime-interface-emulator-address", self.address]
        self._command = [str(program), *own, *runtime, python, "-m", "awslambdaric", handler]
        self._folder = folder
        self._environment = {**os.environ, "AWS_LAMBDA_FUNCTION_NAME": "tolva", **(variables or {})}
        self._environment.pop("PYTHONDONTWRITEBYTECODE", None)

    def __enter__(self) -> Self:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                self._command, cwd=self._folder, env=self._environment, stdout=log, stderr=log, start_new_session=True
            )
        self._client = httpx.Client(base_url=f"http://{self.address}", timeout=INVOKE_SECONDS, trust_env=False)
        deadline = time.monotonic() + START_SECONDS
        while not self._listens():
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise RuntimeError(f"the emulator does not start: {self._log.read_text()}")
            time.sleep(0.005)
        return self

    def _listens(self) -> bool:
        try:
            # Any path but that of the invocations is a 404, and starts nothing.
            self._client.get("/")
        except httpx.TransportError:
            return False
        return True

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()
        # The function's process is a child of the emulator's, in its group.
        os.killpg(self._process.pid, signal.SIGTERM)
        self._process.wait()

    @property
    def pid(self) -> int:
        """The emulator's process, below which the function's is."""
        return self._process.pid

    def invoke(self, event: Any) -> Any:
        """The function's answer to an event, or what the emulator says of one that failed."""
        return self._client.post(INVOCATIONS, content=json.dumps(event)).json()

    def log_lines(self) -> list[dict[str, Any]]:
        """The function's log, and its metrics: each line that is a JSON object."""
        lines = self._log.read_text("utf-8").splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]
