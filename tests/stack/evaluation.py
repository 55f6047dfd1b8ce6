"""A template as CloudFormation reads it with given parameters: what is left of its conditions, and each value."""

import re
from collections.abc import Callable
from typing import Any

from tests.stack.templates import Document, load

PSEUDO_PARAMETERS = {
    "AWS::AccountId": "000000000000",
    "AWS::Partition": "aws",
    "AWS::Region": "eu-west-1",
    "AWS::StackName": "stack",
    "AWS::URLSuffix": "amazonaws.com",
}
NO_VALUE = {"Ref": "AWS::NoValue"}


class Evaluation:
    """A template with parameters. What only an account knows stays as it is: `{"Fn::GetAtt": …}`, `${Cluster}`."""

    def __init__(self, path: str = "template.yaml", **given: str) -> None:
        self._template = load(path)
        defaults = {name: str(item.get("Default", "")) for name, item in self._template["Parameters"].items()}
        self._values = {**PSEUDO_PARAMETERS, **defaults, **given}
        self._functions: dict[str, Callable[[Any], Any]] = {
            "Condition": self.holds,
            "Fn::And": lambda parts: all(self.value(part) for part in parts),
            "Fn::Equals": lambda parts: self.value(parts[0]) == self.value(parts[1]),
            "Fn::FindInMap": self._find_in_map,
            "Fn::GetAZs": lambda _: [f"{self._values['AWS::Region']}{letter}" for letter in "abc"],
            "Fn::If": lambda parts: self.value(parts[1 if self.holds(parts[0]) else 2]),
            "Fn::Not": lambda parts: not self.value(parts[0]),
            "Fn::Or": lambda parts: any(self.value(part) for part in parts),
            "Fn::Select": lambda parts: self.value(parts[1])[int(parts[0])],
            "Fn::Split": lambda parts: self.value(parts[1]).split(parts[0]),
            "Fn::Sub": self._substitute,
            "Ref": lambda name: self._values.get(name, {"Ref": name}),
        }

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

    def _substitute(self, argument: Any) -> Any:
        text, given = argument if isinstance(argument, list) else (argument, {})
        values = {**self._values, **{name: self.value(item) for name, item in given.items()}}
        texts = {name: str(item) for name, item in values.items() if isinstance(item, str | int)}
        return re.sub(r"\$\{([\w:.]+)\}", lambda found: texts.get(found[1], found[0]), text)
