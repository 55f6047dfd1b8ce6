"""The template with the parameters of one deploy: which resources it creates, and their properties. Pure.

What CloudFormation knows only once it creates something, such as an ARN, is `UNKNOWN` here.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

Document = dict[str, Any]
_REFERENCE = re.compile(r"\$\{([^}!]+)\}")


class _Unknown:
    """A value that only a created resource has."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = _Unknown()


class ParameterUnknown(ValueError):
    """A deploy gives a parameter that the template does not have, or leaves one out that has no default."""


@dataclass(frozen=True)
class Resource:
    """A resource that a deploy creates, with what is known of its properties."""

    logical_id: str
    type: str
    properties: Document


class _Loader(yaml.SafeLoader):
    """A loader of YAML that knows CloudFormation's tags."""


def _construct(loader: _Loader, name: str, node: yaml.Node) -> Document:
    function = name if name in ("Ref", "Condition") else f"Fn::{name}"
    if isinstance(node, yaml.ScalarNode):
        text = loader.construct_scalar(node)
        return {function: text.split(".", 1) if name == "GetAtt" else text}
    assert isinstance(node, yaml.SequenceNode)
    return {function: loader.construct_sequence(node, deep=True)}


_Loader.add_multi_constructor("!", _construct)


def read_template(text: str) -> Document:
    """A template as Python values, each short form of a function as its long one."""
    document: Document = yaml.load(text, _Loader)  # noqa: S506  # a safe loader, with tags that make dictionaries
    return document


class Deploy:
    """A template under the parameters of one deploy, in an account's region with these zones."""

    def __init__(
        self, template: Document, parameters: Mapping[str, str], *, account: str, region: str, zones: list[str]
    ) -> None:
        """Take the parameters that are given; the others have their defaults.

        Raises:
            ParameterUnknown: the template has none of this name, or needs one that is not given.
        """
        declared = template["Parameters"]
        if strange := sorted(set(parameters) - set(declared)):
            raise ParameterUnknown(f"The template has no parameter {strange[0]}.")
        missing = [name for name, item in declared.items() if "Default" not in item and name not in parameters]
        if missing:
            raise ParameterUnknown(f"The parameter {missing[0]} is not given.")
        self.parameters = {name: parameters.get(name, str(item.get("Default"))) for name, item in declared.items()}
        self.region = region
        self._template = template
        self._pseudo = {"AWS::AccountId": account, "AWS::Region": region, "AWS::Partition": "aws"}
        self._zones = zones

    def resources(self, *types: str) -> Iterator[Resource]:
        """The resources that are created, of some types or of all."""
        for logical_id, item in self._template["Resources"].items():
            if (not types or item["Type"] in types) and self._holds(item.get("Condition")):
                yield Resource(logical_id, item["Type"], self.value(item.get("Properties", {})))

    def value(self, written: Any) -> Any:
        """A value of the template, its functions applied as far as their arguments are known."""
        if isinstance(written, list):
            return [self.value(item) for item in written]
        if not isinstance(written, dict):
            return written
        if len(written) == 1:
            (name, argument), *_ = written.items()
            if name == "Ref" or name.startswith("Fn::"):
                return self._apply(name.removeprefix("Fn::"), argument)
        values = {name: self.value(item) for name, item in written.items()}
        return {name: value for name, value in values.items() if value is not None}

    def _apply(self, function: str, argument: Any) -> Any:
        functions: dict[str, Callable[[Any], Any]] = {
            "Ref": self._find,
            "Sub": self._substitute,
            "If": self._choose,
            "FindInMap": self._look_up,
            "GetAZs": lambda _: self._zones,
            "Select": self._select,
            "Join": self._join,
        }
        return functions[function](argument) if function in functions else UNKNOWN

    def _choose(self, argument: Any) -> Any:
        condition, one, other = argument
        return self.value(one if self._holds(condition) else other)

    def _select(self, argument: Any) -> Any:
        place, items = self.value(argument)
        return items[int(place)] if isinstance(items, list) and int(place) < len(items) else UNKNOWN

    def _join(self, argument: Any) -> Any:
        separator, parts = self.value(argument)
        return UNKNOWN if UNKNOWN in parts else separator.join(map(str, parts))

    def _find(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return None
        return self._pseudo.get(name, self.parameters.get(name, UNKNOWN))

    def _look_up(self, argument: Any) -> Any:
        name, first, second = self.value(argument)
        return self._template["Mappings"][name][str(first)][str(second)]

    def _substitute(self, argument: Any) -> Any:
        text, given = (argument, {}) if isinstance(argument, str) else argument
        found = {
            name: self.value(given[name]) if name in given else self._find(name) for name in _REFERENCE.findall(text)
        }
        if UNKNOWN in found.values():
            return UNKNOWN
        return _REFERENCE.sub(lambda match: str(found[match[1]]), text)

    def _holds(self, condition: Any) -> bool:
        """Return whether a condition holds, given by its name or as it is written; no condition does."""
        if condition is None:
            return True
        if isinstance(condition, str):
            return self._holds(self._template["Conditions"][condition])
        ((name, argument),) = condition.items()
        return _CONDITIONS[name.removeprefix("Fn::")](self, argument)

    def _are_equal(self, argument: Any) -> bool:
        one, other = self.value(argument)
        return str(one) == str(other)


_CONDITIONS: dict[str, Callable[[Deploy, Any], bool]] = {
    "Condition": Deploy._holds,
    "Equals": Deploy._are_equal,
    "Not": lambda deploy, argument: not deploy._holds(argument[0]),
    "And": lambda deploy, argument: all(map(deploy._holds, argument)),
    "Or": lambda deploy, argument: any(map(deploy._holds, argument)),
}
