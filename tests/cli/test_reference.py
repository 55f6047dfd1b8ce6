"""docs/cli.md says what the commands say of themselves."""

import re

from app.cli import exit_codes
from app.cli.reference import BEGIN, PAGE, describe_commands

TEXT = PAGE.read_text("utf-8")
BY_HAND, REFERENCE = TEXT.split(BEGIN)


class TestReference:
    def test_it_is_written_from_the_commands(self) -> None:
        assert REFERENCE.lstrip("\n") == describe_commands(), "run: uv run python -m app.cli.reference"


class TestByHand:
    def test_its_commands_and_options_are_there(self) -> None:
        known = set(re.findall(r"^### tolva (.+)$", REFERENCE, re.MULTILINE))
        groups = {name.split()[0] for name in known}
        common = {"--url", "--api-key", "--profile", "--data", "--json", "--quiet", "--no-color"}
        options = set(re.findall(r"--[a-z-]+", REFERENCE)) | common
        for line in re.findall(r"^\$ tolva (.*)$", BY_HAND, re.MULTILINE):
            words = line.split()
            assert " ".join(words[:2]) in known or words[0] in known | groups
            assert {word for word in words if word.startswith("--")} <= options

    def test_exit_codes(self) -> None:
        table = set(map(int, re.findall(r"^\| (\d+) \| [A-Z]", BY_HAND, re.MULTILINE)))
        codes = (exit_codes.OK, exit_codes.FAILED, exit_codes.USAGE, exit_codes.UNREACHABLE, exit_codes.INTERRUPTED)
        assert table == set(codes)

    def test_its_links_lead_somewhere(self) -> None:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", BY_HAND):
            assert (PAGE.parent / target).is_file()
