"""Functions under Lambda's emulator, from the folder that the image has, and the processor time of processes."""

import os
import subprocess
from pathlib import Path
from typing import Any

import psutil

from tests.handlers.emulator import ROOT, LambdaFunction, find_emulator, image_python

RUNTIME_CLIENT = "awslambdaric==4.2.2"
KEY = "tolva_admin_of_the_benchmark_0123456789"
API = "app.handlers.api.handler"


class Emulated:
    """Starts functions of the image's folder, which it makes, byte code included, with the runtime's client in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.python = image_python()
        self.root = _make_root(folder, self.python)
        self._program = find_emulator(folder)

    def start(self, handler: str = API, name: str = "log", **variables: str) -> LambdaFunction:
        """A function by its command, for the `with` block; `name` is that of its log in the folder."""
        given = {"TOLVA_ADMIN_KEY": KEY, "TOLVA_DATABASE_POOL_SIZE": "1", "PYTHONPATH": str(self.root)}
        given |= {"PYDANTIC_DISABLE_PLUGINS": "__all__", **variables}
        log = self.folder / name
        return LambdaFunction(self._program, handler, log, python=self.python, folder=self.root, variables=given)

    def version(self) -> str:
        """The interpreter's name and version."""
        done = subprocess.run([self.python, "--version"], capture_output=True, text=True, check=True)
        return done.stdout.strip()


def _make_root(folder: Path, python: str) -> Path:
    root = folder / "root"
    subprocess.run([ROOT / ".ci" / "image-root", python, ROOT, root], check=True, stderr=subprocess.DEVNULL)
    pip = [python, "-m", "pip", "install", "--quiet", "--target", str(root), RUNTIME_CLIENT]
    subprocess.run(pip, check=True, stderr=subprocess.DEVNULL)
    subprocess.run([python, "-m", "compileall", "-q", str(root)], check=True)
    return root


def succeed(function: LambdaFunction, event: Any) -> Any:
    """The answer to an event; any but a success ends the benchmark."""
    answer = function.invoke(event)
    if answer.get("statusCode") not in (200, 201):
        raise SystemExit(f"{event['httpMethod']} {event['path']}: {answer}")
    return answer


def function_pid(function: LambdaFunction) -> int:
    """The process of a function's code, below the emulator's."""
    below = psutil.Process(function.pid).children(recursive=True)
    return next(process.pid for process in below if "awslambdaric" in " ".join(process.cmdline()))


def processor_seconds(*pids: int) -> float:
    """The processor time of processes and their threads so far, to the nanosecond; of one that has ended, none."""
    return sum(_task_nanoseconds(pid) for pid in pids) / 1e9


def _task_nanoseconds(pid: int) -> int:
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        return sum(int((task / "schedstat").read_text("ascii").split()[0]) for task in tasks)
    except (FileNotFoundError, ProcessLookupError):
        return 0


def load_average() -> float:
    """How many processes have wanted to run in the last minute."""
    return os.getloadavg()[0]
