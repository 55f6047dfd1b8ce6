import os
import signal
import subprocess
import sys
import time

import psutil

from app.local.parent import PARENT_VARIABLE

# A process that starts one which ends with it, says its number and ends.
PARENT = """
import subprocess, sys, os
child = "from app.local import parent; parent.CHECK_SECONDS = 0.05; parent.end_with_parent(); "
child += "print('watching', flush=True); import time; time.sleep(60)"
process = subprocess.Popen([sys.executable, "-c", child], stdout=subprocess.PIPE, start_new_session=True)
process.stdout.readline()
print(process.pid, flush=True)
"""


class TestEndWithParent:
    def test_it_ends_once_its_parent_is_gone(self) -> None:
        variables = {name: value for name, value in os.environ.items() if name != PARENT_VARIABLE}
        done = subprocess.run(
            [sys.executable, "-c", PARENT], env=variables, capture_output=True, text=True, check=True, timeout=60
        )
        process = psutil.Process(int(done.stdout)) if psutil.pid_exists(int(done.stdout)) else None
        deadline = time.monotonic() + 30
        while process is not None and process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def test_one_whose_parent_has_died_before_ends_at_once(self) -> None:
        script = "from app.local.parent import end_with_parent; import time; end_with_parent(); time.sleep(60)"
        variables = os.environ | {PARENT_VARIABLE: "1"}
        done = subprocess.run([sys.executable, "-c", script], env=variables, check=False, timeout=60)
        assert done.returncode == -signal.SIGTERM
