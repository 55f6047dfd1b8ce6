"""Workers that are killed between any two steps, and those that come after them."""

import asyncio
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.images import mirror
from app.images.check.arrival import take_image
from app.images.removal import remove_objects
from tests.images.arriving import change, delete_row, found, kept_of, uploaded

pytestmark = pytest.mark.usefixtures("database_url")

# A worker that is killed before or after it calls a function of a module.
PROGRAM = """
import asyncio, importlib, os, signal, sys

module, name, moment, image = sys.argv[1:]
from app.images.check.arrival import take_image
from app.images.check import arrival, claims, process

owner = importlib.import_module(module)
call = getattr(owner, name)

async def last(*arguments, **options):
    if moment == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    result = await call(*arguments, **options)
    print(*(resting.pid for resting in process.get_processes()._resting), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
    return result

setattr(owner, name, last)
asyncio.run(take_image(image))
"""
ARRIVAL = "app.images.check.arrival"
STEPS = [
    (ARRIVAL, "claim_image"),
    (ARRIVAL, "_examine"),
    (ARRIVAL, "add_object"),
    (ARRIVAL, "_add_first_variant"),
    (ARRIVAL, "make_current"),
    ("app.images.mirror", "put_image"),
    (ARRIVAL, "_finish"),
]


async def run_killed(image: str, module: str, name: str, moment: str) -> list[str]:
    """Let a worker check an image until it is killed at a step; the ids of its processes that decode."""
    command = [sys.executable, "-c", PROGRAM, module, name, moment, image]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, check=False)
    assert done.returncode == -9, done.stderr.decode()
    return done.stdout.decode().split()


async def end_lease(image: str) -> None:
    """Let the claim of a worker that is dead be over."""
    if (await found(image)).status == "checking":
        await change(image, checked_at=datetime.now(UTC) - timedelta(hours=1))


class TestKilled:
    @pytest.mark.parametrize("moment", ["before", "after"])
    @pytest.mark.parametrize(("module", "name"), STEPS, ids=lambda value: value.rpartition(".")[2])
    async def test_the_next_worker_makes_one_ready_row_and_one_set_of_objects(
        self, module: str, name: str, moment: str
    ) -> None:
        row = await uploaded()
        await run_killed(row.id, module, name, moment)
        await end_lease(row.id)
        await take_image(row.id)
        ready = await found(row.id)
        assert (ready.status, ready.is_current, ready.width) == ("ready", True, 400)
        assert len(await kept_of(row.id)) == 3
        mirrored = await mirror.find_image(row.id)
        assert mirrored is not None
        assert mirrored.version == ready.version

    @pytest.mark.parametrize(("module", "name"), STEPS[2:], ids=lambda value: value.rpartition(".")[2])
    async def test_an_image_that_is_deleted_then_leaves_nothing(self, module: str, name: str) -> None:
        row = await uploaded()
        await run_killed(row.id, module, name, "after")
        await delete_row(row.id)
        await remove_objects(row.id)
        assert await kept_of(row.id) == []
        assert await mirror.find_image(row.id) is None

    async def test_the_process_that_decodes_ends_with_its_worker(self) -> None:
        row = await uploaded()
        (pid,) = await run_killed(row.id, ARRIVAL, "_examine", "after")
        for _ in range(100):
            if not is_decoding(pid):
                break
            await asyncio.sleep(0.1)
        assert not is_decoding(pid)


def is_decoding(pid: str) -> bool:
    """Return whether a process is one that decodes pictures."""
    try:
        return b"app.images.check.child" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
