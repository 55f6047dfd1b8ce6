"""PostgreSQL and the emulator, and the process that has started them."""

import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from app.local.services.guard import is_server
from tests.local.running import all_ended, environment, eventually

HOLD = """
import sys, time
from pathlib import Path
from app.local.services.services import Services
Services(Path(sys.argv[1]), durable=False).start()
print("started", flush=True)
time.sleep(600)
"""


class TestStarterGone:
    """A test run or a benchmark ends its servers, however it ends."""

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
    def test_everything_ends(self, tmp_path: Path, number: signal.Signals) -> None:
        starter = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, env=environment()
        )
        assert starter.stdout
        assert starter.stdout.readline() == b"started\n"
        children = psutil.Process(starter.pid).children(recursive=True)
        assert {"postgres"} < {child.name() for child in children}
        starter.send_signal(number)
        starter.communicate()
        assert eventually(lambda: all_ended(children))


class TestIsServer:
    def test_of_another_folder_or_no_more_it_is_none(self, tmp_path: Path) -> None:
        assert not is_server(tmp_path, 1)
        (tmp_path / "postmaster.pid").write_text(f"{psutil.Process().pid}\n")
        assert is_server(tmp_path, psutil.Process().pid)
        assert not is_server(tmp_path, 1)
