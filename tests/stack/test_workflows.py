"""The workflows hold no secret, run nothing that can be changed under them, and deploy what the guide says."""

import re
from pathlib import Path

import pytest
import yaml

from tests.stack.templates import ROOT, properties

BOOTSTRAP = ".ci/bootstrap.yaml"
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
class TestWorkflow:
    def test_every_action_is_pinned_by_its_commit(self, path: Path) -> None:
        used = re.findall(r"uses: (\S+)", path.read_text("utf-8"))
        assert [action for action in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action)] == []

    def test_no_secret_is_stored(self, path: Path) -> None:
        assert "secrets." not in path.read_text("utf-8")

    def test_what_a_job_may_do_is_said(self, path: Path) -> None:
        assert yaml.safe_load(path.read_text("utf-8"))["permissions"]["contents"] == "read"


class TestDeploy:
    def test_production_comes_last_and_is_guarded(self) -> None:
        jobs = yaml.safe_load((ROOT / ".github/workflows/deploy.yml").read_text("utf-8"))["jobs"]
        assert (jobs["dev"]["environment"], jobs["prod"]["environment"]) == ("dev", "prod")
        assert jobs["prod"]["needs"] == ["build", "dev"]

    def test_tags_of_the_image_never_move(self) -> None:
        assert properties("Repository", BOOTSTRAP)["ImageTagMutability"] == "IMMUTABLE"
