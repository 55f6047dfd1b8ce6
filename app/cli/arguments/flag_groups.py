"""Flags in groups: a parameter of a command whose type is a dataclass stands for one flag a field. Pure.

A field without a default is a list: its flag can be repeated.
"""

import inspect
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from functools import wraps
from typing import Any, get_type_hints

KEYWORD = inspect.Parameter.KEYWORD_ONLY


def with_flag_groups(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the fields of its dataclasses as flags of their own; it gets them put together again."""
    parameters: list[inspect.Parameter] = []
    groups: dict[str, type] = {}
    for parameter in inspect.signature(command, eval_str=True).parameters.values():
        if isinstance(parameter.annotation, type) and is_dataclass(parameter.annotation) and parameter.kind is KEYWORD:
            groups[parameter.name] = parameter.annotation
            parameters += _flags_of(parameter.annotation)
        else:
            parameters.append(parameter)

    @wraps(command)
    def run(*args: Any, **given: Any) -> None:
        together = {name: _take(group, given) for name, group in groups.items()}
        command(*args, **given, **together)

    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # what Typer reads
    run.__annotations__ = {}
    return run


def _flags_of(group: Any) -> list[inspect.Parameter]:
    hints = get_type_hints(group, include_extras=True)
    return [
        inspect.Parameter(
            one.name, KEYWORD, default=None if one.default is MISSING else one.default, annotation=hints[one.name]
        )
        for one in fields(group)
    ]


def _take(group: Any, given: dict[str, Any]) -> Any:
    """A group of the flags that were given, which are taken out of the others."""
    values = {one.name: given.pop(one.name) for one in fields(group)}
    lists: dict[str, Any] = {one.name: [] for one in fields(group) if one.default is MISSING}
    return group(**lists | {name: value for name, value in values.items() if value is not None})
