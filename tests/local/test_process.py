import json
import os
import signal
import sys
import time
from pathlib import Path
from threading import Timer

import psutil
import pytest

from app.local.process import Child, Patience, Stopped, end_leftover, find_recorded, is_running, record_process

SLEEP = [sys.executable, "-S", "-c", "import time; print('ready', flush=True); time.sleep(60)"]


def _child(folder: Path, command: list[str]) -> Child:
    return Child("child", command, folder / "child.log", folder / "child.pid", stop_seconds=10)


def _wait_for(child: Child, line: str) -> None:
    assert Patience().wait_until(lambda: child.last_line() == line, 30)


class TestPatience:
    def test_what_comes_true_in_time_is_waited_for(self) -> None:
        answers = iter([False, False, True])
        assert Patience().wait_until(lambda: next(answers), 10)
        assert not Patience().wait_until(lambda: False, 0.0)

    def test_who_asks_to_stop_ends_the_wait(self) -> None:
        patience = Patience()
        Timer(0.05, patience.stop.set).start()
        with pytest.raises(Stopped):
            patience.wait_until(lambda: False, 30)

    def test_who_is_in_a_hurry_waits_for_no_end(self) -> None:
        patience = Patience()
        patience.hurry.set()
        begin = time.monotonic()
        assert not patience.wait_for_end(lambda: False, 30)
        assert time.monotonic() - begin < 10


class TestChild:
    def test_it_is_logged_and_stopped_and_noted_meanwhile(self, tmp_path: Path) -> None:
        child = _child(tmp_path, SLEEP)
        child.start()
        try:
            _wait_for(child, "ready")
            noted = find_recorded(tmp_path / "child.pid")
            assert noted is not None
            assert noted.pid == child.pid
            assert child.log_tail() == "    ready"
        finally:
            child.stop()
        assert (child.is_alive(), child.exit_code()) == (False, -signal.SIGTERM)
        assert not (tmp_path / "child.pid").exists()

    def test_one_that_does_not_listen_is_killed(self, tmp_path: Path) -> None:
        deaf = "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
        child = _child(tmp_path, [sys.executable, "-S", "-c", deaf])
        child.stop_seconds = 0.1
        child.start()
        try:
            _wait_for(child, "deaf")
        finally:
            child.stop()
        assert child.exit_code() == -signal.SIGKILL


class TestRecorded:
    def test_a_number_that_is_another_processs_by_now_is_not_believed(self, tmp_path: Path) -> None:
        record_process(tmp_path / "pid", os.getpid())
        assert find_recorded(tmp_path / "pid") == psutil.Process()
        noted = json.loads((tmp_path / "pid").read_text())
        (tmp_path / "pid").write_text(json.dumps(noted | {"started": noted["started"] - 60}))
        assert find_recorded(tmp_path / "pid") is None

    @pytest.mark.parametrize("text", ["", "{}", "[]", '{"pid": "x", "started": 1}'])
    def test_nor_is_a_file_that_says_nothing(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "pid").write_text(text)
        assert find_recorded(tmp_path / "pid") is None
        assert not end_leftover(tmp_path / "pid")
        assert not (tmp_path / "pid").exists()


class TestEndLeftover:
    def test_what_a_killed_run_left_behind_is_ended(self, tmp_path: Path) -> None:
        child = _child(tmp_path, SLEEP)
        child.start()
        assert child.pid is not None
        process = psutil.Process(child.pid)
        assert end_leftover(tmp_path / "child.pid")
        assert not is_running(process)
        child.stop()
