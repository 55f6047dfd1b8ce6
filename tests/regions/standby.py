"""A PostgreSQL in recovery: a copy that follows another server, as a secondary region's database does."""

from pathlib import Path

from app.local.process import Child
from app.local.services.postgres import SUPERUSER, Postgres, _read_pid_file

FOLLOWED = ("wal_level=replica", "max_wal_senders=4")


class Primary(Postgres):
    """A server that others may follow."""

    def _new_child(self, socket_folder: Path) -> Child:
        child = super()._new_child(socket_folder)
        child.command = [*child.command, *(part for setting in FOLLOWED for part in ("-c", setting))]
        return child

    def copy_to(self, folder: Path) -> None:
        """Copy the server, as it runs, to a folder from which a standby starts."""
        self._run(
            "pg_basebackup",
            f"--pgdata={folder}",
            f"--host={self._socket_folder}",
            f"--username={SUPERUSER}",
            "--write-recovery-conf",
            "--wal-method=stream",
            "--checkpoint=fast",
            "--no-sync",
        )


class Standby(Primary):
    """A server that follows another one until it is promoted; it starts from what `copy_to` copied."""

    def _is_ready(self, child: Child) -> bool:
        status = _read_pid_file(self.folder)
        return len(status) > 7 and status[0].strip() == str(child.pid) and status[7].strip() in ("ready", "standby")
