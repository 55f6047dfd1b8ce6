"""The two services below Tolva on one machine, started together: PostgreSQL and the AWS emulator."""

import importlib
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from app.local.private_files import make_private
from app.local.process import Patience, ignore
from app.local.services.emulator import HOST, Emulator, emulator_environment
from app.local.services.postgres import Postgres


class Services:
    """PostgreSQL and the emulator over one folder: their data in `postgres` and `aws`, their logs in `logs`."""

    def __init__(
        self,
        folder: Path,
        *,
        durable: bool = True,
        patience: Patience | None = None,
        report: Callable[[str], None] = ignore,
    ) -> None:
        self._folder = folder
        self._report = report
        logs = folder / "logs"
        make_private(logs)
        self.postgres = Postgres(
            folder / "postgres", logs / "postgres.log", durable=durable, patience=patience, report=report
        )
        self.emulator = Emulator(folder / "aws", logs / "aws.log", patience=patience, report=report)

    def start(self) -> None:
        """Start both at the same time.

        Raises:
            LocalError: one does not start.
            Stopped: the user asked to stop meanwhile.
        """
        with ThreadPoolExecutor(2) as pool:
            started = [pool.submit(self.postgres.start), pool.submit(self.emulator.start)]
            # What talks to them is slow to import; doing so while they start makes the start shorter.
            importlib.import_module("app.local.services.preparation")
        for future in started:
            future.result()

    def use(self) -> None:
        """Point this process and the children it starts at the services, and at nothing else of AWS."""
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            del os.environ[name]
        os.environ.update(emulator_environment(self.emulator.url))
        os.environ["TOLVA_DATABASE_URL"] = self.postgres.url
        for name in ("NO_PROXY", "no_proxy"):
            os.environ[name] = ",".join(filter(None, [os.environ.get(name), HOST, "localhost"]))

    def prepare(self) -> None:
        """Bring the database to the newest revision and make the resources; it needs `use` before it."""
        from app.local.services import preparation  # noqa: PLC0415  # slow to import: `start` does it meanwhile

        lost = preparation.prepare_all(self.postgres.url)
        if lost:
            names = ", ".join(f"'{name}'" for name in lost)
            self._report(
                f"The key-value records of {names} are gone, or are older ones: {self._folder / 'aws'} is not the "
                "folder that the database knows. Put back that one, or import their files again with --mode replace."
            )

    def prepare_emulator(self) -> None:
        """Make the resources that the emulator lost in a crash."""
        from app.local.services import preparation  # noqa: PLC0415

        preparation.prepare_emulator()

    def stop(self) -> None:
        """End both in good order."""
        self.emulator.stop()
        self.postgres.stop()
