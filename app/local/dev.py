"""`tolva dev`: everything that Tolva is in AWS, as processes of one machine that start and stop together."""

import os
import shlex
import shutil
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from rich.console import Console
from rich.text import Text

from app.client.api import CommandError
from app.core import origins
from app.core.settings import MIB, SettingsInvalid, get_settings
from app.local.data_folder import ADMIN_KEY_VARIABLE, DataFolder
from app.local.first_import.file_choice import Choice
from app.local.first_import.first_import import FirstImport
from app.local.folder_lock import DEFAULT_DATA
from app.local.inbox.upload import Mode
from app.local.notices import Notices
from app.local.parent import PARENT_VARIABLE
from app.local.process import Child, LocalError, Patience, Stopped, end_leftover
from app.local.services.emulator import BUCKET, emulator_environment
from app.local.services.services import Services

READY_SECONDS = 60.0
ADDRESS_VARIABLE = "TOLVA_PUBLIC_URL"
TRUST_VARIABLE = "TOLVA_KEYVALUE_TRUST_FROM"
WATCH_SECONDS = 0.3
# A process that ends this soon after its start, this many times in a row, will not do better the next time.
RAPID_SECONDS = 30.0
RAPID_FAILURES = 5
# PostgreSQL writes its log of changes in files of 16 MB.
FULL_BYTES = 32 * MIB
FIRST_BACKOFF_SECONDS = 0.5

console = Console(highlight=False, soft_wrap=True)
errors = Console(highlight=False, soft_wrap=True, stderr=True)


@dataclass(frozen=True)
class DevOptions:
    """The options of `tolva dev`."""

    host: str
    port: int
    data: Path
    file: Path | None = None
    choice: Choice | None = None
    inbox: Path | None = None
    inbox_mode: Mode = "append"
    reload: bool = False

    @property
    def url(self) -> str:
        """The URL of the API on this machine."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104  # compared, not bound
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"


@dataclass
class Watched:
    """A part that is started again when it ends unasked."""

    name: str
    is_alive: Callable[[], bool]
    start: Callable[[], None]
    log_tail: Callable[[], str]
    started: float = 0.0
    failures: int = 0


class Dev:
    """The running parts. `start` brings them up in order, `watch` keeps them up, `stop` takes them down."""

    def __init__(self, options: DevOptions, folder: DataFolder, patience: Patience) -> None:
        self._options = options
        self._folder = folder
        self._patience = patience
        self._services = Services(folder.path, patience=patience, report=_say)
        server = ["--host", options.host, "--port", str(options.port), *(["--reload"] if options.reload else [])]
        self._api = self._child("API", "app.local.api", *server)
        self._worker = self._child("worker", "app.local.worker")
        self._inbox = self._inbox_child(options.inbox) if options.inbox else None
        self._notices = Notices(folder.logs)
        self._parts = self._watched()

    def _child(self, name: str, module: str, *arguments: str) -> Child:
        # -P keeps a folder called `app` in the current folder from standing in for Tolva's.
        return Child(
            name,
            [sys.executable, "-P", "-m", module, *arguments],
            self._folder.logs / f"{name.lower()}.log",
            pid_file=self._folder.path / f"{name.lower()}.pid",
            patience=self._patience,
        )

    def _inbox_child(self, root: Path) -> Child:
        arguments = ["--root", str(root.absolute()), "--data", str(self._folder.path), "--url", self._options.url]
        return self._child("inbox", "app.local.inbox.inbox", *arguments, "--mode", self._options.inbox_mode)

    @property
    def bucket_url(self) -> str:
        """The URL of the bucket; known once everything runs."""
        return self._services.emulator.url

    def start(self) -> None:
        """Bring everything up, in the order in which the parts need each other."""
        for name in ("api", "worker", "inbox"):
            end_leftover(self._folder.path / f"{name}.pid")
        check_port(self._options.host, self._options.port)
        self._services.start()
        self._services.use()
        os.environ[ADMIN_KEY_VARIABLE] = self._folder.admin_key()
        os.environ[PARENT_VARIABLE] = str(os.getpid())
        os.environ.setdefault(origins.SETTING, origins.LOOPBACK)
        os.environ.setdefault(ADDRESS_VARIABLE, self._options.url)
        # The folder `aws` may be an older copy than `postgres`.
        os.environ[TRUST_VARIABLE] = datetime.now(UTC).isoformat()
        get_settings()
        # The API takes as long to load as the database to migrate; it counts as started once it is ready.
        self._api.start()
        self._services.prepare()
        self._worker.start()
        self._wait_for_api()
        for part in self._parts:
            part.started = time.monotonic()

    def start_inbox(self) -> None:
        """Watch the folder that was named, if one was."""
        if self._inbox is not None:
            self._inbox.start()
            self._parts.append(
                Watched("The inbox", self._inbox.is_alive, self._inbox.start, self._inbox.log_tail, time.monotonic())
            )

    def _wait_for_api(self) -> None:
        ready = f"{self._options.url}/ready"
        in_time = self._patience.wait_until(lambda: not self._api.is_alive() or _is_ok(ready), READY_SECONDS)
        if not in_time or not self._api.is_alive():
            raise LocalError(f"The API did not start; the end of {self._api.log}:\n{self._api.log_tail()}")

    def watch(self, until: Callable[[], bool] = lambda: False) -> None:
        """Keep every part running until something has come true.

        Raises:
            LocalError: a part ends again and again.
            Stopped: the user asked to stop.
        """
        while not until():
            if self._patience.stop.wait(WATCH_SECONDS):
                raise Stopped
            # Before the logs are cut: what has come since the last time would be gone.
            for line in self._notices.read():
                _say(line)
            self._folder.rotate_logs(get_settings().log_bytes)
            for part in self._parts:
                if not part.is_alive():
                    self._revive(part)

    def _watched(self) -> list[Watched]:
        postgres, emulator = self._services.postgres, self._services.emulator
        return [
            Watched("PostgreSQL", postgres.is_alive, postgres.start, postgres.log_tail),
            Watched("The AWS emulator", emulator.is_alive, self._restart_emulator, emulator.log_tail),
            Watched("The API", self._api.is_alive, self._api.start, self._api.log_tail),
            Watched("The worker", self._worker.is_alive, self._worker.start, self._worker.log_tail),
        ]

    def _restart_emulator(self) -> None:
        self._services.emulator.start()
        self._services.prepare_emulator()

    def _revive(self, part: Watched) -> None:
        rapid = time.monotonic() - part.started < RAPID_SECONDS
        part.failures = part.failures + 1 if rapid else 1
        if part.failures >= RAPID_FAILURES:
            raise LocalError(
                f"{part.name} ended {part.failures} times in a row; the end of its log:\n{part.log_tail()}"
            )
        _say(f"{part.name} ended unasked; starting it again")
        if self._patience.stop.wait(FIRST_BACKOFF_SECONDS * 2 ** (part.failures - 1)):
            return
        part.start()
        part.started = time.monotonic()

    def stop(self) -> None:
        """Take everything down: first what uses the services, then the services."""
        if self._inbox is not None:
            self._inbox.stop()
        self._api.stop()
        self._worker.stop()
        self._services.stop()


def run_dev(options: DevOptions) -> int:
    """Run Tolva on this machine until it is asked to stop; the exit code."""
    patience = Patience()
    with _signals(patience):
        try:
            folder = DataFolder(options.data, _say)
            with folder.locked(options.url):
                _run_parts(options, folder, patience)
        except Stopped:
            pass
        except (LocalError, CommandError, SettingsInvalid) as error:
            errors.print(Text.assemble(("Error: ", "red"), str(error), find_full_disk(options.data)))
            return 1
    return 0


def find_full_disk(data: Path) -> str:
    """A line that says that the data folder's disk is full, if it is: it may be why a part cannot go on."""
    if not data.exists():
        return ""
    free = shutil.disk_usage(data).free
    if free >= FULL_BYTES:
        return ""
    return (
        f"\nThe disk of {data} is full: {free // MIB} MB are left. What was acknowledged is kept. Make room, and start "
        "again."
    )


def _run_parts(options: DevOptions, folder: DataFolder, patience: Patience) -> None:
    if options.inbox:
        make_inbox(options.inbox)
    file = options.file
    first_import = FirstImport(file, folder, options.url, patience, choice=options.choice) if file else None
    dev = Dev(options, folder, patience)
    try:
        with console.status("Starting PostgreSQL and the AWS emulator"):
            dev.start()
        dataset = first_import.run(console, dev.watch) if first_import else None
        _announce(options, folder, dataset, dev.bucket_url)
        dev.start_inbox()
        dev.watch()
    finally:
        if patience.stop.is_set():
            _say("Stopping")
        dev.stop()


@contextmanager
def _signals(patience: Patience) -> Iterator[None]:
    """Turn Ctrl-C and SIGTERM into a wish to stop, and a second one into a wish to stop now."""

    def ask_to_stop(_number: int, _frame: FrameType | None) -> None:
        (patience.hurry if patience.stop.is_set() else patience.stop).set()

    before = {number: signal.signal(number, ask_to_stop) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def check_port(host: str, port: int) -> None:
    """Check that the API can listen.

    Raises:
        LocalError: the port is in use or unavailable, or the host is not this machine's.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except socket.gaierror:
        raise LocalError(f"'{host}' is not an address of this machine. Leave --host out, or use 0.0.0.0.") from None
    except PermissionError:
        raise LocalError(f"Port {port} may not be used by this user. Choose one over 1023 with --port.") from None
    except OSError as error:
        raise LocalError(
            f"Port {port} of {host} cannot be used ({error.strerror}): another program listens on it, or the host is "
            f"not this machine's. Choose another port: `tolva dev --port {port + 1}`."
        ) from None


def _is_ok(url: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=5) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def make_inbox(folder: Path) -> None:
    """Create the watched folder, if it is missing.

    Raises:
        LocalError: it cannot be created, or is not a readable folder.
    """
    try:
        if not folder.exists():
            folder.mkdir(parents=True)
            _say(f"Made the folder {folder}")
        next(folder.iterdir(), None)
    except OSError as error:
        raise LocalError(f"{folder} cannot be watched: {error.strerror}. Name another folder with --inbox.") from None


def _announce(options: DevOptions, folder: DataFolder, dataset: str | None, bucket_url: str) -> None:
    key = folder.admin_key()
    path = f"/datasets/{dataset}" if dataset else ""
    records = f"{options.url}{path}/records?_limit=2" if dataset else f"{options.url}/datasets"
    lines = [
        ("API", f"{options.url}{path}/records" if dataset else f"{options.url}/datasets"),
        ("Docs", f"{options.url}{path}/docs#key={key}"),
        ("Admin key", key),
        ("Try", f"curl -H 'Authorization: Bearer {key}' '{records}'"),
        ("Bucket", f"s3://{BUCKET} at {bucket_url}"),
        ("Drop", f"{_aws_command(bucket_url)} s3 cp FILE s3://{BUCKET}/inbox/stock/"),
        *([("Inbox", f"{options.inbox.absolute()}/stock/ (or any other dataset's name)")] if options.inbox else []),
        ("Data", f"{folder.path} (logs in {folder.logs.name}/)"),
    ]
    console.print(f"\n[bold]Tolva is running at {options.url}[/bold]  Ctrl-C stops it\n")
    for name, value in lines:
        console.print(f"  [dim]{name:<10}[/dim]", end=" ")
        console.print(value, markup=False)
    if dataset is None:
        where = "" if options.data == DEFAULT_DATA else f" --data {shlex.quote(str(options.data))}"
        console.print(f"\n  Import a file: uv run tolva import FILE{where}", markup=False)
    console.print()


def _aws_command(bucket_url: str) -> str:
    """The beginning of a command line for the bucket, independent of the user's AWS account."""
    shown = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION")
    values = emulator_environment(bucket_url)
    return " ".join([*(f"{name}={values[name]}" for name in shown), f"aws --endpoint-url {bucket_url}"])


def _say(message: str) -> None:
    console.print(message, style="dim", markup=False)
