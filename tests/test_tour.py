"""The README's two minutes, line by line: what stands there is what a newcomer sees."""

import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from app.local.services.emulator import find_free_port
from tests.local.running import START_SECONDS, STOP_SECONDS, environment, eventually
from tests.test_readme import README, ROOT

SECTION = README.split("## Two minutes")[1].split("\n## ")[0]
TOLVA = f"{sys.executable} -m app.cli"
BAR = "━"
# What differs from one run to the next, and what the README shortens.
CHANGING = (
    (r'"request_id":"[^"]*"', '"request_id":""'),
    (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID"),
    (r"tolva_[\w…-]+", "KEY"),
    (r"(127\.0\.0\.1|localhost):\d+", "HOST"),
    (r"\S+/\.tolva\b", "FOLDER"),
    (r"[\t ]+", " "),
)


@dataclass
class Step:
    """A command of the README and the lines that it shows of its output."""

    command: str
    shown: list[str] = field(default_factory=list)


def read_steps() -> list[Step]:
    """The commands in order."""
    steps: list[Step] = []
    for block in re.findall(r"^```\n(.*?)^```", SECTION, re.DOTALL | re.MULTILINE):
        for line in block.splitlines():
            if line.startswith("$ "):
                steps.append(Step(line[2:]))
            elif line.strip() and BAR not in line:
                steps[-1].shown.append(line)
    return steps


def plain(text: str) -> list[str]:
    """The lines of an output without what changes."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", text)
    for pattern, instead in CHANGING:
        text = re.sub(pattern, instead, text)
    return [line.strip() for line in text.splitlines()]


def missing(shown: list[str], output: str) -> list[str]:
    """The lines of the README that do not stand in an output, in their order."""
    rest = iter(plain(output))
    return [
        line for line in plain("\n".join(shown)) if not any(re.fullmatch(_with_gaps(line), there) for there in rest)
    ]


def _with_gaps(line: str) -> str:
    return ".*".join(map(re.escape, line.split("…")))


class Tour:
    """A newcomer's folder and terminal, with `tolva dev` running in another."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = find_free_port()
        self._said: list[str] = []
        (folder / "examples").symlink_to(ROOT / "examples")

    def start(self, command: str) -> subprocess.Popen[bytes]:
        """Start what runs until it is stopped; what it prints is `started`."""
        line = f"{command} --port {self.port} --inbox inbox".replace("uv run tolva", TOLVA)
        (self.folder / "inbox").mkdir()
        with (self.folder / "output").open("wb") as output:
            return subprocess.Popen(
                line.split(), cwd=self.folder, env=self._environment(), stdout=output, stderr=subprocess.STDOUT
            )

    @property
    def started(self) -> str:
        return (self.folder / "output").read_text()

    def run(self, command: str) -> str:
        """Run a line as the terminal does, which keeps its variables."""
        line = command.replace("uv run tolva", TOLVA).replace("localhost:8000", f"127.0.0.1:{self.port}")
        script = "\n".join([*self._said, line])
        if re.fullmatch(r"\w+=\S+", command) or command.startswith("KEY="):
            self._said.append(line)
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=self.folder,
            env=self._environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.stdout

    def _environment(self) -> dict[str, str]:
        return environment(PATH=os.environ["PATH"], COLUMNS="120")


@pytest.fixture
def tour(tmp_path: Path) -> Tour:
    return Tour(tmp_path)


def test_each_line_does_what_it_says(tour: Tour) -> None:
    first, *steps = read_steps()
    assert len(steps) >= 10
    dev = tour.start(first.command)
    try:
        assert eventually(lambda: "Ctrl-C stops it" in tour.started and "Data" in tour.started, START_SECONDS)
        assert missing(first.shown, tour.started) == []
        for step in steps:
            output = tour.run(step.command)
            assert missing(step.shown, output) == [], f"$ {step.command}\n{output}"
        assert eventually(lambda: "prices" in tour.run("uv run tolva datasets"))
    finally:
        dev.send_signal(signal.SIGINT)
        dev.wait(STOP_SECONDS)
