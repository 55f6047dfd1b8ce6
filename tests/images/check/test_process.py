"""Child processes that decode: bounded, replaced, and nothing of this process in them."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from app.core.settings import get_settings
from app.images.check.process import CheckProcess, CheckProcesses, ProcessDied, limits_of_settings
from app.images.check.rejection import Rejected
from tests.images import pictures

pytestmark = pytest.mark.usefixtures("services", "setting")


@pytest_asyncio.fixture
async def processes() -> AsyncIterator[CheckProcesses]:
    processes = CheckProcesses(2)
    yield processes
    await processes.close()


def resting(processes: CheckProcesses) -> list[int]:
    return [process.pid for process in processes._resting]


class TestProcesses:
    async def test_one_is_kept_for_the_next_picture(self, processes: CheckProcesses) -> None:
        made = await processes.check(pictures.encoded(), "jpeg")
        assert (made.width, made.height, made.first_size) == (400, 300, (256, 192))
        (pid,) = resting(processes)
        with pytest.raises(Rejected):
            await processes.check(pictures.huge_webp(), "webp")
        assert resting(processes) == [pid]

    async def test_no_more_than_allowed_run_at_a_time(self, processes: CheckProcesses) -> None:
        made = await asyncio.gather(*(processes.check(pictures.encoded(), "jpeg") for _ in range(6)))
        assert len({picture.color for picture in made}) == 1
        assert len(resting(processes)) == 2

    async def test_one_that_was_killed_while_it_rested_is_replaced(self, processes: CheckProcesses) -> None:
        await processes.check(pictures.encoded(), "jpeg")
        os.kill(resting(processes)[0], signal.SIGKILL)
        assert (await processes.check(pictures.encoded(), "jpeg")).width == 400

    async def test_one_that_is_killed_at_work_is_replaced_and_the_picture_tried_again(
        self, processes: CheckProcesses
    ) -> None:
        await processes.check(pictures.encoded(), "jpeg")
        (pid,) = resting(processes)
        os.kill(pid, signal.SIGSTOP)
        work = asyncio.create_task(processes.check(pictures.encoded(), "jpeg"))
        await asyncio.sleep(0.1)
        os.kill(pid, signal.SIGKILL)
        assert (await work).width == 400
        assert resting(processes) != [pid]

    async def test_one_that_takes_too_long_is_ended_and_the_next_picture_is_not_affected(
        self, processes: CheckProcesses
    ) -> None:
        await processes.check(pictures.encoded(), "jpeg")
        (pid,) = resting(processes)
        os.environ["TOLVA_IMAGE_CHECK_SECONDS"] = "0.3"
        get_settings.cache_clear()
        os.kill(pid, signal.SIGSTOP)
        with pytest.raises(Rejected, match=r"longer than 0\.3 seconds") as caught:
            await processes.check(pictures.encoded(), "jpeg")
        assert caught.value.code == "undecodable"
        assert resting(processes) == []
        os.environ["TOLVA_IMAGE_CHECK_SECONDS"] = "20"
        get_settings.cache_clear()
        assert (await processes.check(pictures.encoded(), "jpeg")).width == 400

    async def test_a_picture_that_takes_too_much_memory_is_rejected(self, processes: CheckProcesses) -> None:
        os.environ["TOLVA_IMAGE_CHECK_BYTES"] = str(256 * 1024 * 1024)
        get_settings.cache_clear()
        with pytest.raises(Rejected) as caught:
            await processes.check(pictures.encoded(".avif", 6000, 6000, Q=30, effort=0), "avif")
        assert caught.value.code == "undecodable"


class TestProcess:
    async def test_it_knows_no_secret(self) -> None:
        process = await CheckProcess.start()
        try:
            made = await process.check(pictures.encoded(), "jpeg", limits_of_settings(), 20)
            environment = environment_of(process.pid)
        finally:
            await process.end()
        assert made.width == 400
        assert b"TOLVA_" not in environment
        assert b"AWS_" not in environment

    async def test_it_ends_with_its_input(self) -> None:
        process = await CheckProcess.start()
        assert process._process.stdin is not None
        process._process.stdin.close()
        assert await asyncio.wait_for(process._process.wait(), 10) == 0
        with pytest.raises(ProcessDied):
            await process.check(pictures.encoded(), "jpeg", limits_of_settings(), 20)
        await process.end()

    async def test_bombs_are_refused_in_no_time_and_memory(self) -> None:
        process = await CheckProcess.start()
        try:
            await process.check(pictures.encoded(), "jpeg", limits_of_settings(), 20)
            before = peak_kilobytes(process.pid)
            bombs = [
                ("webp", pictures.huge_webp()),
                ("png", pictures.huge_png(65_536)),
                ("gif", pictures.huge_gif(5000)),
            ]
            for form, bomb in bombs:
                with pytest.raises(Rejected):
                    await process.check(bomb, form, limits_of_settings(), 20)
            assert peak_kilobytes(process.pid) - before < 40 * 1024
        finally:
            await process.end()


def environment_of(pid: int) -> bytes:
    """The environment that a process was started with."""
    return Path(f"/proc/{pid}/environ").read_bytes()


def peak_kilobytes(pid: int) -> int:
    """The most memory that a process had."""
    lines = Path(f"/proc/{pid}/status").read_text("utf-8").splitlines()
    (line,) = [line for line in lines if line.startswith("VmHWM:")]
    return int(line.split()[1])
