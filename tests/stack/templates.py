"""The template of the stack as Python values, each short form of a function as its long one."""

import tomllib
from copy import deepcopy
from functools import cache
from pathlib import Path

from app.deploy.preflight.template import Document, read_template

ROOT = Path(__file__).parent.parent.parent


def load(path: str = "template.yaml") -> Document:
    """The template at a path below the root."""
    return deepcopy(_read(path))


@cache
def _read(path: str) -> Document:
    return read_template((ROOT / path).read_text("utf-8"))


def properties(resource: str, path: str = "template.yaml") -> Document:
    """The properties of one resource of a template."""
    found: Document = load(path)["Resources"][resource].get("Properties", {})
    return found


def configuration(environment: str) -> Document:
    """The options of `sam deploy` for an environment."""
    found: Document = tomllib.loads((ROOT / "samconfig.toml").read_text("utf-8"))[environment]["deploy"]["parameters"]
    return found


def parameters(environment: str) -> dict[str, str]:
    """The parameters that an environment is deployed with."""
    return dict(item.split("=", 1) for item in configuration(environment)["parameter_overrides"])
