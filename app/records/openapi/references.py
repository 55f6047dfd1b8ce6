"""Which components a part of an OpenAPI document refers to. Pure."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

# The kind of a component, such as `schemas`, and its name.
Reference = tuple[str, str]
# By their kinds, and by their names.
Components = Mapping[str, Mapping[str, Any]]

_REFERENCE = re.compile(rb'"\$ref": ?"#/components/(\w+)/([^"]+)"')


def references_in(document: bytes) -> frozenset[Reference]:
    """The components that a part of a document, as JSON, refers to."""
    return frozenset((kind.decode(), name.decode()) for kind, name in _REFERENCE.findall(document))


def used_components(
    references: Iterable[Reference], components: Components
) -> tuple[dict[str, dict[str, Any]], frozenset[Reference]]:
    """Those of some components that are referred to, by others too; and the references to none of them."""
    waiting, seen = list(references), set(references)
    while waiting:
        kind, name = waiting.pop()
        component = components.get(kind, {}).get(name)
        found = references_in(json.dumps(component).encode()) if component is not None else frozenset()
        waiting += found - seen
        seen |= found
    used = {
        kind: {name: component for name, component in named.items() if (kind, name) in seen}
        for kind, named in components.items()
    }
    return used, frozenset((kind, name) for kind, name in seen if name not in used.get(kind, {}))
