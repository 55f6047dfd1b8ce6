"""The template of the stack as Python values, each short form of a function as its long one."""

import tomllib
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent.parent
Document = dict[str, Any]


class _Loader(yaml.SafeLoader):
    """A loader of YAML that knows CloudFormation's tags."""


def _construct(loader: _Loader, name: str, node: yaml.Node) -> Document:
    long_name = name if name in ("Ref", "Condition") else f"Fn::{name}"
    if isinstance(node, yaml.ScalarNode):
        text = loader.construct_scalar(node)
        return {long_name: text.split(".", 1) if name == "GetAtt" else text}
    assert isinstance(node, yaml.SequenceNode)
    return {long_name: loader.construct_sequence(node, deep=True)}


_Loader.add_multi_constructor("!", _construct)


def load(path: str = "template.yaml") -> Document:
    """The template at a path below the root."""
    return deepcopy(_read(path))


@cache
def _read(path: str) -> Document:
    document: Document = yaml.load((ROOT / path).read_text("utf-8"), _Loader)
    return document


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
