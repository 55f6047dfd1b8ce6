"""The programs that read documents, and the packages that the tests keep of them from one run to the next."""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

SOURCES = Path(__file__).with_name("clients")
# The first run fetches 250 MB of packages.
FETCH_SECONDS = 300
GOPATH = Path("/usr/share/gocode")


def need(program: str) -> str:
    """The path of a program; without it the test is skipped, or fails if all of them must be tested."""
    path = shutil.which(program)
    if path is None:
        _give_up(f"{program} is not installed")
    assert path is not None
    return path


def _give_up(reason: str) -> None:
    if "CI" in os.environ:
        pytest.fail(reason)
    pytest.skip(reason)


def run(
    command: Sequence[str], folder: Path, variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder, with additional environment variables."""
    environment = {**os.environ, **(variables or {})}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=FETCH_SECONDS, check=False
    )


def fetch_node_modules(folder: Path) -> Path:
    """A folder with `node_modules` as package-lock.json says."""
    npm = need("npm")
    lock = SOURCES / "package-lock.json"
    with _refreshed(folder, lock) as is_old:
        if is_old:
            for name in ("package.json", "package-lock.json"):
                shutil.copy(SOURCES / name, folder)
            _fetch([npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"], folder)
    return folder


def fetch_python_packages(folder: Path) -> Path:
    """A folder with an environment of Python in `venv`, as requirements.txt says."""
    uv = need("uv")
    requirements = SOURCES / "requirements.txt"
    with _refreshed(folder, requirements) as is_old:
        if is_old:
            _fetch([uv, "venv", "--quiet", "--clear", "venv"], folder)
            _fetch([uv, "pip", "install", "--python", "venv", "--require-hashes", "-r", str(requirements)], folder)
    return folder


@contextmanager
def _refreshed(folder: Path, wanted: Path) -> Iterator[bool]:
    """Give whether a folder has other packages than a file wants; after the block it has these.

    The processes that run tests share the folder: one fetches, and the others wait for it.
    """
    fetched = folder / "fetched"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield not fetched.exists() or fetched.read_text() != wanted.read_text()
        shutil.copy(wanted, fetched)


def _fetch(command: Sequence[str], folder: Path) -> None:
    fetched = run(command, folder)
    if fetched.returncode:
        _give_up(f"The packages cannot be fetched: {fetched.stderr.strip()[-500:]}")


def need_go_packages() -> str:
    """The folder with the packages of Go that generated clients import."""
    if not (GOPATH / "src" / "gopkg.in" / "validator.v2").exists():
        _give_up("golang-gopkg-validator.v2-dev is not installed")
    return str(GOPATH)
