"""The child processes that decode pictures: warm, replaced when one dies or takes too long, and never more than cores.

A crash of a decoder is the picture's fault, not the worker's: it is rejected, and the next one is checked as ever.
"""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from app.core import log
from app.core.settings import get_settings
from app.images.check.frames import PREFIX, frame_head
from app.images.check.limits import Limits
from app.images.check.rejection import Rejected
from app.images.check.report import CheckedPicture, checked_picture

MODULE = "app.images.check.child"
# A process that something else ended says nothing of the picture: one more try shows which it was.
ATTEMPTS = 2
PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "PYTHONPYCACHEPREFIX", "PYTHONDONTWRITEBYTECODE", "TMPDIR")


class ProcessDied(Exception):
    """The process ended while it had a picture."""


class CheckProcess:
    """One child process, which checks one picture at a time."""

    def __init__(self, process: Process) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        return self._process.returncode is None

    @classmethod
    async def start(cls) -> "CheckProcess":
        """Start a process that knows nothing of this one: no credentials, no settings."""
        environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        environment |= {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "MALLOC_ARENA_MAX": "2"}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-P", "-m", MODULE, str(get_settings().image_check_bytes)),
            stdin=PIPE,
            stdout=PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=environment,
            start_new_session=True,
        )
        return cls(process)

    async def check(self, data: bytes, form: str, limits: Limits, seconds: float) -> CheckedPicture:
        """Check a picture.

        Raises:
            Rejected: the picture is not taken.
            ProcessDied: the process has ended.
            TimeoutError: it took longer than `seconds`; the process is to be ended.
        """
        request = {"format": form, "limits": vars(limits), "seconds": seconds}
        async with asyncio.timeout(seconds):
            try:
                document, parts = await self._ask(request, data)
            except (ConnectionError, asyncio.IncompleteReadError) as error:
                raise ProcessDied from error
        if "rejected" in document:
            raise Rejected(**document["rejected"])
        try:
            return checked_picture(document["checked"], parts)
        except (ValueError, TypeError, KeyError) as error:
            # It is ended, as one that died.
            raise ProcessDied from error

    async def _ask(self, request: dict[str, Any], data: bytes) -> tuple[dict[str, Any], list[bytes]]:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(frame_head(request, data))
        stdin.write(data)
        await stdin.drain()
        prefix = await stdout.readexactly(PREFIX)
        head = json.loads(await stdout.readexactly(int.from_bytes(prefix, "big")))
        return head["document"], [await stdout.readexactly(size) for size in head["parts"]]

    async def end(self) -> None:
        """End the process, in the middle of a picture if there is one."""
        with suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()
        # The pipe's transport is closed by the loop a moment later, or warns when it is collected.
        if self._process.stdin is not None:
            self._process.stdin.close()
            with suppress(ConnectionError):
                await self._process.stdin.wait_closed()


class CheckProcesses:
    """The child processes of this one, each started when it is needed first, and kept."""

    def __init__(self, most: int) -> None:
        self._free = asyncio.Semaphore(most)
        self._resting: list[CheckProcess] = []

    async def check(self, data: bytes, form: str) -> CheckedPicture:
        """Check a picture as soon as a process is free.

        Raises:
            Rejected: it is not taken, or decoding it takes too long or ends the process.
        """
        for _ in range(ATTEMPTS):
            try:
                return await self._check_once(data, form)
            except ProcessDied:
                log.warning("image.process_died", bytes=len(data), format=form)
        raise Rejected("undecodable", "The picture cannot be decoded: the attempt ends in a crash.")

    async def _check_once(self, data: bytes, form: str) -> CheckedPicture:
        seconds = get_settings().image_check_seconds
        try:
            async with self._taken() as process:
                return await process.check(data, form, limits_of_settings(), seconds)
        except TimeoutError:
            raise Rejected("undecodable", f"Decoding the picture takes longer than {seconds:g} seconds.") from None

    @asynccontextmanager
    async def _taken(self) -> AsyncIterator[CheckProcess]:
        """A process to ask; one that did not answer is ended, as nobody knows what it is doing."""
        async with self._free:
            while self._resting and not self._resting[-1].is_alive:
                await self._resting.pop().end()
            process = self._resting.pop() if self._resting else await CheckProcess.start()
            has_answered = False
            try:
                yield process
                has_answered = True
            except Rejected:
                has_answered = True
                raise
            finally:
                if has_answered:
                    self._resting.append(process)
                else:
                    await process.end()

    async def close(self) -> None:
        """End every process that rests."""
        while self._resting:
            await self._resting.pop().end()


def limits_of_settings() -> Limits:
    """The limits that the settings have."""
    settings = get_settings()
    return Limits(
        pixels=settings.max_image_pixels,
        side=settings.max_image_side,
        frames=settings.max_image_frames,
        animation_pixels=settings.max_animation_pixels,
        edge=settings.max_image_edge,
    )


def most_processes() -> int:
    """The most pictures that are decoded at a time."""
    return get_settings().image_processes or _count_cores()


def _count_cores() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS knows no affinity
        return os.cpu_count() or 1


_processes: CheckProcesses | None = None


def get_processes() -> CheckProcesses:
    """The processes of this one, on its only event loop."""
    global _processes  # noqa: PLW0603  # one for all, as the connections are
    if _processes is None:
        _processes = CheckProcesses(most_processes())
    return _processes


async def close_processes() -> None:
    """End the processes: at the end of this one or of a test."""
    global _processes  # noqa: PLW0603
    if _processes is not None:
        await _processes.close()
        _processes = None
