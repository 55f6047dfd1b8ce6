"""The image of a deploy: whether Lambda can run it."""

import json
import re
from typing import Any

from app.deploy.preflight.account import Account, Refused

_URI = re.compile(
    r"(?P<registry>\d+)\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com/(?P<name>[^:@]+)(?::(?P<tag>[\w.-]+)|@(?P<digest>sha256:[0-9a-f]{64}))"
)
MANIFESTS = [
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.index.v1+json",
]
# Docker's name of an architecture, and Lambda's.
ARCHITECTURES = {"amd64": "x86_64", "arm64": "arm64"}


def explain_image(account: Account, uri: str, architecture: str) -> str | None:
    """The reason for which Lambda cannot run an image on an architecture; None if it can.

    Raises:
        Refused: the registry does not answer.
    """
    named = _URI.fullmatch(uri)
    if named is None:
        return f"{uri} is not in ECR, and Lambda takes images from nowhere else."
    if named["region"] != account.region:
        return f"The image is in {named['region']}; Lambda takes it from {account.region} only: push it there, too."
    manifest = _read_manifest(account, named)
    if manifest is None:
        return f"{named['name']} has no image {named['tag'] or named['digest']}: push it first."
    if "manifests" in manifest:
        return "The image is an index of several, which Lambda refuses: build it with --provenance=false."
    found = _architecture(account, named, manifest)
    if found != architecture:
        return (
            f"The image is for {found}, the functions for {architecture}: build it again, or set Architecture={found}."
        )
    return None


def _read_manifest(account: Account, named: re.Match[str]) -> dict[str, Any] | None:
    wanted = {"imageTag": named["tag"]} if named["tag"] else {"imageDigest": named["digest"]}
    try:
        answer = account.ask(
            "ecr",
            "batch_get_image",
            registryId=named["registry"],
            repositoryName=named["name"],
            imageIds=[wanted],
            acceptedMediaTypes=MANIFESTS,
        )
    except Refused as refused:
        if refused.code == "RepositoryNotFoundException":
            return None
        raise
    manifest: dict[str, Any] | None = json.loads(answer["images"][0]["imageManifest"]) if answer["images"] else None
    return manifest


def _architecture(account: Account, named: re.Match[str], manifest: dict[str, Any]) -> str:
    answer = account.ask(
        "ecr",
        "get_download_url_for_layer",
        registryId=named["registry"],
        repositoryName=named["name"],
        layerDigest=manifest["config"]["digest"],
    )
    found = str(json.loads(account.download(answer["downloadUrl"]))["architecture"])
    return ARCHITECTURES.get(found, found)
