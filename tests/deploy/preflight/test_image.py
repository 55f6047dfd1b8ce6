import json
from typing import Any

import pytest

from app.deploy.preflight.account import Refused
from app.deploy.preflight.image import explain_image
from tests.deploy.preflight.edge import Edge

URI = "000000000000.dkr.ecr.eu-west-1.amazonaws.com/tolva:0.1.0"
MANIFEST = {"config": {"digest": "sha256:1"}}
CONFIG = "https://registry.example/config"


def registry(manifest: Any, architecture: str = "arm64") -> Edge:
    images = [] if manifest is None else [{"imageManifest": json.dumps(manifest)}]
    answers = {
        ("ecr", "batch_get_image"): {"images": images},
        ("ecr", "get_download_url_for_layer"): {"downloadUrl": CONFIG},
        ("download", CONFIG): json.dumps({"architecture": architecture}).encode(),
    }
    return Edge(answers)


class TestExplainImage:
    def test_one_that_runs_needs_no_words(self) -> None:
        assert explain_image(registry(MANIFEST), URI, "arm64") is None
        assert explain_image(registry(MANIFEST, "amd64"), URI, "x86_64") is None

    @pytest.mark.parametrize(
        ("manifest", "uri", "words"),
        [
            (MANIFEST, "docker.io/tolva:1", "is not in ECR"),
            (MANIFEST, URI.replace("eu-west-1", "us-east-1"), "push it there, too"),
            (None, URI, "tolva has no image 0.1.0: push it first"),
            ({"manifests": []}, URI, "--provenance=false"),
        ],
    )
    def test_what_lambda_refuses_is_said(self, manifest: Any, uri: str, words: str) -> None:
        assert words in str(explain_image(registry(manifest), uri, "arm64"))

    def test_another_architecture_is_said_with_both_ways_out(self) -> None:
        said = explain_image(registry(MANIFEST, "amd64"), URI, "arm64")
        assert said is not None
        assert "is for x86_64, the functions for arm64" in said
        assert "Architecture=x86_64" in said

    def test_a_repository_that_does_not_exist_has_no_image(self) -> None:
        edge = Edge({("ecr", "batch_get_image"): Refused("RepositoryNotFoundException", "")})
        assert "push it first" in str(explain_image(edge, URI, "arm64"))
