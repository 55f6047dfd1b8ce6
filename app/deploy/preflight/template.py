"""A template as CloudFormation reads it with given parameters: what is left of its conditions, and each value. Pure."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

Document = dict[str, Any]
NO_VALUE = {"Ref": "AWS::NoValue"}
_REFERENCE = re.compile(r"\$\{([\w:.]+)\}")


class ParameterUnknown(ValueError):
    """A deploy gives a parameter that the template does not have, or leaves one out that has no default."""


@dataclass(frozen=True)
class Resource:
    """A resource that is created, with what is known of its properties."""

    logical_id: str
    type: str
    properties: Document


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


def read_template(text: str) -> Document:
    """A template as Python values, each short form of a function as its long one."""
    document: Document = yaml.load(text, _Loader)  # noqa: S506  # a safe loader, with tags that make dictionaries
    return document


class Evaluation:
    """A template with parameters, in an account's region.

    What only an account knows stays as it is: `{"Fn::GetAtt": …}`, `${Cluster}`.
    """

    def __init__(
        self,
        template: Document,
        parameters: Mapping[str, str],
        *,
        account: str = "000000000000",
        region: str = "eu-west-1",
        zones: Sequence[str] = (),
    ) -> None:
        self._template = template
        declared = template["Parameters"]
        self.parameters = {name: str(item.get("Default", "")) for name, item in declared.items()} | dict(parameters)
        self._zones = list(zones) or [f"{region}{letter}" for letter in "abc"]
        self._values = {
            "AWS::AccountId": account,
            "AWS::Partition": "aws",
            "AWS::Region": region,
            "AWS::StackName": "stack",
            "AWS::URLSuffix": "amazonaws.com",
            **self.parameters,
        }
        self._functions: dict[str, Callable[[Any], Any]] = {
            "Condition": self.holds,
            "Fn::And": lambda parts: all(self.value(part) for part in parts),
            "Fn::Equals": lambda parts: self.value(parts[0]) == self.value(parts[1]),
            "Fn::FindInMap": self._find_in_map,
            "Fn::GetAZs": lambda _: self._zones,
            "Fn::If": lambda parts: self.value(parts[1 if self.holds(parts[0]) else 2]),
            "Fn::Not": lambda parts: not self.value(parts[0]),
            "Fn::Or": lambda parts: any(self.value(part) for part in parts),
            "Fn::Select": self._select,
            "Fn::Split": self._split,
            "Fn::Sub": self._substitute,
            "Ref": lambda name: self._values.get(name, {"Ref": name}),
        }

    def check_parameters(self, given: Mapping[str, str]) -> None:
        """Check the parameters of a deploy.

        Raises:
            ParameterUnknown: the template does not have one of them, or needs another.
        """
        declared = self._template["Parameters"]
        if strange := sorted(given.keys() - declared.keys()):
            raise ParameterUnknown(f"The template has no parameter {strange[0]}.")
        missing = [name for name, item in declared.items() if "Default" not in item and name not in given]
        if missing:
            raise ParameterUnknown(f"The parameter {missing[0]} is not given.")

    def holds(self, condition: str) -> bool:
        """Return whether a condition of the template is true."""
        return bool(self.value(self._template["Conditions"][condition]))

    def failing_rules(self) -> list[str]:
        """The rules of the template that refuse these parameters."""
        return [
            name
            for name, rule in self._template["Rules"].items()
            if self.value(rule["RuleCondition"]) and not all(self.value(item["Assert"]) for item in rule["Assertions"])
        ]

    def resources(self) -> dict[str, Document]:
        """The resources that are created, with their values."""
        return {
            name: self.value({key: item for key, item in resource.items() if key not in ("Condition", "Metadata")})
            for name, resource in self._template["Resources"].items()
            if "Condition" not in resource or self.holds(resource["Condition"])
        }

    def of_types(self, *types: str) -> Iterator[Resource]:
        """The resources of some types that are created."""
        for name, resource in self.resources().items():
            if resource["Type"] in types:
                yield Resource(name, resource["Type"], resource.get("Properties", {}))

    def properties(self, resource: str) -> Document:
        """The properties of a resource that is created."""
        found: Document = self.resources()[resource].get("Properties", {})
        return found

    def globals(self) -> dict[str, str]:
        """The environment variables of every function."""
        found: dict[str, str] = self.value(self._template["Globals"]["Function"]["Environment"]["Variables"])
        return found

    def outputs(self) -> dict[str, Any]:
        """The outputs that there are, with their values."""
        return {
            name: self.value(output["Value"])
            for name, output in self._template["Outputs"].items()
            if "Condition" not in output or self.holds(output["Condition"])
        }

    def value(self, node: Any) -> Any:
        """A value of the template, as far as it is known."""
        if isinstance(node, list):
            return [item for item in map(self.value, node) if item != NO_VALUE]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            ((name, argument),) = node.items()
            if name in self._functions and not (name == "Condition" and isinstance(argument, dict)):
                return self._functions[name](argument)
        return {key: item for key, item in ((key, self.value(item)) for key, item in node.items()) if item != NO_VALUE}

    def _find_in_map(self, parts: list[Any]) -> Any:
        name, *keys = parts
        found = self._template["Mappings"][name]
        for key in keys:
            found = found[str(self.value(key))]
        return found

    def _select(self, parts: list[Any]) -> Any:
        place, items = int(parts[0]), self.value(parts[1])
        return items[place] if isinstance(items, list) and place < len(items) else {"Fn::Select": parts}

    def _split(self, parts: list[Any]) -> Any:
        separator, text = parts[0], self.value(parts[1])
        return text.split(separator) if isinstance(text, str) else {"Fn::Split": [separator, text]}

    def _substitute(self, argument: Any) -> Any:
        text, given = argument if isinstance(argument, list) else (argument, {})
        values = {**self._values, **{name: self.value(item) for name, item in given.items()}}
        texts = {name: _text(item) for name, item in values.items() if isinstance(item, str | int) or "Ref" in item}
        return _REFERENCE.sub(lambda found: texts.get(found[1], found[0]), text)


def _text(value: Any) -> str:
    """A value within a text; what only an account knows is named there as `Fn::Sub` names it."""
    return f"${{{value['Ref']}}}" if isinstance(value, dict) else str(value)
