"""The workflows hold no secret, run nothing that can be changed under them, and deploy what the guide says."""

import os
import re
import subprocess
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

    def test_a_build_that_runs_again_takes_what_is_pushed(self, tmp_path: Path) -> None:
        steps = yaml.safe_load((ROOT / ".github/workflows/deploy.yml").read_text("utf-8"))["jobs"]["build"]["steps"]
        (push,) = [step["run"] for step in steps if step.get("id") == "push"]
        for name, status in (("aws", 0), ("docker", 1)):
            (tmp_path / name).write_text(f"#!/bin/sh\necho {name} $* >>{tmp_path}/calls\nexit {status}\n")
            (tmp_path / name).chmod(0o755)
        environment = {
            "PATH": f"{tmp_path}:{os.environ['PATH']}",
            "REPOSITORY": "1.dkr.ecr/tolva",
            "COMMIT": "abc",
            "GITHUB_OUTPUT": str(tmp_path / "output"),
        }
        subprocess.run(["bash", "-eo", "pipefail", "-c", push], check=True, env=environment)
        assert (tmp_path / "output").read_text() == "image=1.dkr.ecr/tolva:abc\n"
        assert (tmp_path / "calls").read_text() == (
            "aws ecr describe-images --repository-name tolva --image-ids imageTag=abc\n"
        )

    def test_roles_are_created_within_the_boundary(self) -> None:
        jobs = yaml.safe_load((ROOT / ".github/workflows/deploy.yml").read_text("utf-8"))["jobs"]
        for environment in ("dev", "prod"):
            (step,) = [item for item in jobs[environment]["steps"] if ".ci/deploy" in item.get("run", "")]
            assert '"PermissionsBoundary=$BOUNDARY"' in step["run"]
            assert step["env"]["BOUNDARY"] == "${{ vars.BOUNDARY_ARN }}"

    def test_tags_of_the_image_never_move(self) -> None:
        assert properties("Repository", BOOTSTRAP)["ImageTagMutability"] == "IMMUTABLE"
