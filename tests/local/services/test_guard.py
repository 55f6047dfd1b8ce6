import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.local.services.guard import Guard, is_server

# What PostgreSQL does when it is asked to end.
SERVER = "import signal, sys, time; signal.signal(2, lambda *_: sys.exit(0)); print('up', flush=True); time.sleep(60)"


def _start(folder: Path) -> "subprocess.Popen[bytes]":
    process = subprocess.Popen([sys.executable, "-S", "-c", SERVER], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"up\n"
    process.stdout.close()
    (folder / "postmaster.pid").write_text(f"{process.pid}\n/data\n")
    return process


class TestGuard:
    def test_a_server_whose_starter_is_gone_is_ended(self, tmp_path: Path) -> None:
        server = _start(tmp_path)
        guard = Guard(tmp_path, server.pid)
        # The pipe ends, as it does with the process that holds it.
        assert guard._process.stdin is not None
        guard._process.stdin.close()
        assert server.wait(30) == 0
        assert guard._process.wait(30) == 0

    def test_one_that_was_let_go_is_left_alone(self, tmp_path: Path) -> None:
        server = _start(tmp_path)
        Guard(tmp_path, server.pid).release()
        time.sleep(0.05)
        assert server.poll() is None
        server.kill()
        server.wait()


class TestIsServer:
    @pytest.mark.parametrize("text", ["", "1\n", "x"])
    def test_a_number_that_is_another_processs_is_not_believed(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "postmaster.pid").write_text(text)
        assert not is_server(tmp_path, os.getpid())

    def test_a_process_that_the_folder_names_is_its_server(self, tmp_path: Path) -> None:
        (tmp_path / "postmaster.pid").write_text(f"{os.getpid()}\n")
        assert is_server(tmp_path, os.getpid())
        assert not is_server(tmp_path / "absent", os.getpid())
