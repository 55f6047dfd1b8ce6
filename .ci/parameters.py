#!/usr/bin/env python3
"""Print what `.ci/deploy` deploys: the stack's name, then each parameter of the template on a line of its own.

    python .ci/parameters.py dev|prod IMAGE_URI [NAME=VALUE…]

A value is the given one, else that of samconfig.toml, else the template's default. Every parameter is there: sam keeps
the last value of one that is not, so that a line taken out of samconfig.toml, or a new default, would change nothing.
"""

import hashlib
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent


class _Loader(yaml.SafeLoader):
    """A loader of YAML that takes no notice of CloudFormation's tags."""


_Loader.add_multi_constructor("!", lambda *_: None)


def parameters(environment: str, image: str, given: Sequence[str]) -> dict[str, str]:
    """Return every parameter of the template with its value."""
    template = (ROOT / "template.yaml").read_text("utf-8")
    known = yaml.load(template, _Loader)["Parameters"]  # noqa: S506  # it is a safe loader
    values = {name: str(item["Default"]) for name, item in known.items() if "Default" in item}
    values |= _pairs(_configuration(environment)["parameter_overrides"]) | _pairs(given) | {"ImageUri": image}
    if unknown := sorted(values.keys() - known.keys()):
        raise SystemExit(f"template.yaml has no parameter {', '.join(unknown)}.")
    # What changes a function changes this, and with it the functions' versions. Protection changes none: what is
    # deployed twice at first, with and without it, is one release.
    said = "\n".join([*(f"{name}={values[name]}" for name in sorted(values.keys() - {"Protected"})), template])
    return values | {"Release": hashlib.sha256(said.encode()).hexdigest()[:16]}


def _pairs(texts: Sequence[str]) -> dict[str, str]:
    return dict(text.split("=", 1) for text in texts)


def _configuration(environment: str) -> dict[str, list[str]]:
    environments = tomllib.loads((ROOT / "samconfig.toml").read_text("utf-8"))
    if environment not in environments:
        raise SystemExit(f"samconfig.toml has no environment {environment}.")
    found: dict[str, list[str]] = environments[environment]["deploy"]["parameters"]
    return found


if __name__ == "__main__":
    _, environment, image, *given = sys.argv
    print(_configuration(environment)["stack_name"])
    for name, value in parameters(environment, image, given).items():
        # sam splits at spaces, as a schedule has them, and takes nothing for a value unless it is quoted.
        print(f'{name}="{value}"')
