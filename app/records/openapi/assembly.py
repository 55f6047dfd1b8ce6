"""Whole OpenAPI documents: of everything, of one dataset alone, and the index of too many datasets. Pure."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from app.columns.json_schema import with_wide_integers, without_titles
from app.core.recent import Recent
from app.datasets.schema import DatasetSchema
from app.records.openapi import queries
from app.records.openapi.document import (
    paths_of,
    problem_components,
    problem_schema,
    referenced_schemas,
    schemas_of,
    tag_of,
)
from app.records.openapi.names import ANY_RECORD, PROBLEM, about, title_of
from app.records.openapi.parameters import own_parameters, parameters_of, shared_parameters
from app.records.openapi.references import Components, Reference, references_in, used_components
from app.records.openapi.writes import ANY_RECORD_SCHEMA, REPETITION

KEPT_BYTES = 32 * 1024 * 1024
INDEX = "x-tolva-datasets"
# What the fixed routes are about, in the order in which one meets them.
SECTIONS = {
    "datasets": "Each dataset's columns, key and number of records.",
    "records": "The records of any dataset. Each dataset that you may read has typed routes of its own, too.",
    "imports": "Imports of CSV files into datasets.",
    "images": "Pictures, checked on arrival and served in sizes that a page asks for.",
    "keys": "API keys. Every request needs the scope admin.",
    "health": "The health of the service; no key is needed.",
}
_ABOUT = (
    "Datasets with typed columns: their records, and imports from files. Every request but those "
    "for health needs a key: `Authorization: Bearer …`."
)
_INDEX_TEXT = (
    "This document is an index: there are {total:,} datasets that you may read, too many for one document to describe. "
    "It has the routes that serve any of them, and names {listed}. The typed routes of a dataset are in its own "
    "document, `/datasets/{{dataset}}/openapi.json`, which is what a generator of clients wants; its page is "
    "`/datasets/{{dataset}}/docs`."
)

Document = dict[str, Any]


def complete(document: Document) -> Document:
    """The framework's document of the fixed routes, with the schemas that its operations refer to."""
    components = document.get("components", {})
    named = {PROBLEM: problem_schema(), ANY_RECORD: ANY_RECORD_SCHEMA}
    schemas = {**components.get("schemas", {}), **named}
    paths = {
        path: {method: _described_operation(operation) for method, operation in operations.items()}
        for path, operations in document["paths"].items()
    }
    tags = [{"name": name, "description": text} for name, text in SECTIONS.items()]
    info = {**document["info"], "description": _ABOUT}
    described: Document = _with_items(
        without_titles(with_wide_integers({"paths": paths, "components": {**components, "schemas": schemas}}))
    )
    return {**document, "info": info, "tags": tags, **described}


def _with_items(value: Any) -> Any:
    """A part of a document in which an array of a known length says what its items are to those who know no length."""
    if isinstance(value, list):
        return [_with_items(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    members = {name: _with_items(inner) for name, inner in value.items()}
    if "prefixItems" not in members:
        return members
    first, *others = members["prefixItems"]
    items = first if all(other == first for other in others) else {"anyOf": members["prefixItems"]}
    return {"items": items, **members}


def _described_operation(operation: Document) -> Document:
    """An operation of the framework's document, as those of the typed routes are."""
    # One that needs no key says so: else a client may take it for forgotten.
    summarised = {"security": [], **_with_summary(operation)}
    if "parameters" not in operation:
        return summarised
    parameters = [REPETITION if given["name"] == REPETITION["name"] else given for given in operation["parameters"]]
    return {**summarised, "parameters": parameters}


def _with_summary(operation: Document) -> Document:
    """An operation whose summary is how its description begins, not the name of its function.

    Of a single sentence, that is what stands before the colon.
    """
    sentence, _, rest = operation["description"].partition(".")
    if not rest.strip():
        sentence, _, rest = sentence.partition(": ")
        rest = f"{rest[:1].upper()}{rest[1:]}."
    return {**operation, "summary": sentence, "description": rest.strip()}


@dataclass(frozen=True)
class Fragment:
    """The part of one dataset in /openapi.json: the members of its sections, as JSON without the braces."""

    tag: bytes
    paths: bytes
    schemas: bytes
    parameters: bytes
    # The components that it refers to and does not have: those of all datasets, and of the ones that columns refer to.
    references: frozenset[Reference] = frozenset()
    # By their names, those that other datasets may have too: the same ones.
    shared_parameters: Mapping[str, bytes] = field(default_factory=dict)

    @cached_property
    def own_size(self) -> int:
        """The bytes of what no other dataset has."""
        return sum(map(len, (self.tag, self.paths, self.schemas, self.parameters)))

    @cached_property
    def size(self) -> int:
        """All of its bytes."""
        return self.own_size + sum(map(len, self.shared_parameters.values()))


# Thousands of parameters take a while: they are worked out once for each state of a dataset.
_fragments = Recent[Fragment](KEPT_BYTES)


def _fragment_of(schema: DatasetSchema, embeddable: frozenset[str]) -> Fragment:
    """A dataset's part of a document; `embeddable` are the columns whose datasets the reader may see as well."""
    fragment = _fragments.find((schema, embeddable))
    if fragment is None:
        fragment = _new_fragment(schema, embeddable)
        _fragments.keep((schema, embeddable), fragment, fragment.size)
    return fragment


def _new_fragment(schema: DatasetSchema, embeddable: frozenset[str]) -> Fragment:
    paths = _members(paths_of(schema, embeddable))
    own = own_parameters(schema)
    components: Components = {"schemas": schemas_of(schema, embeddable), "parameters": own | shared_parameters(schema)}
    used, others = used_components(references_in(paths), components)
    return Fragment(
        # One that is called as a section is: then it is shown there.
        tag=_write(tag_of(schema)) if schema.name not in SECTIONS else b"",
        paths=paths,
        schemas=_members(used["schemas"]),
        parameters=_members({name: given for name, given in used["parameters"].items() if name in own}),
        references=others,
        shared_parameters={
            name: _members({name: given}) for name, given in used["parameters"].items() if name not in own
        },
    )


def _embeddable_columns(schema: DatasetSchema, visible: Collection[str]) -> frozenset[str]:
    """The columns that refer to a dataset that the reader may see."""
    return frozenset(name for name, dataset in schema.references.items() if dataset in visible)


def least_size(schemas: Sequence[DatasetSchema], names: Collection[str]) -> int:
    """The bytes that a document of everything takes at least for some datasets; `names` are those of all it has."""
    return sum(_fragment_of(schema, _embeddable_columns(schema, names)).own_size for schema in schemas)


def describe_all(document: Document, schemas: Sequence[DatasetSchema]) -> bytes:
    """The document of the fixed routes with the typed routes of some datasets, as JSON."""
    names = {schema.name for schema in schemas}
    fragments = [_fragment_of(schema, _embeddable_columns(schema, names)) for schema in schemas]
    shared: dict[str, bytes] = {}
    for fragment in fragments:
        shared |= fragment.shared_parameters
    return _join(_with_used_components(document, fragments), fragments, [*shared.values()])


def _with_used_components(document: Document, fragments: Sequence[Fragment] = ()) -> Document:
    """The document of the fixed routes with the components that it, or a dataset's part, refers to."""
    kept: Components = {
        "schemas": document["components"]["schemas"] | queries.shared_schemas(),
        "responses": problem_components(),
    }
    references = references_in(_write(document["paths"])).union(*(fragment.references for fragment in fragments))
    used, _ = used_components(references, kept)
    return {**document, "components": {**document["components"], **used}}


def _join(document: Document, fragments: Sequence[Fragment], shared_parameters: Sequence[bytes]) -> bytes:
    """Megabytes: they are put together once, not level by level."""
    components = dict(document["components"])
    schemas = components.pop("schemas")
    head = {name: value for name, value in document.items() if name not in ("tags", "paths", "components")}
    tags = [*(fragment.tag for fragment in fragments), *map(_write, document["tags"])]
    parameters = [*(fragment.parameters for fragment in fragments), *shared_parameters]
    return b"".join(
        [
            b"{%s," % _members(head),
            *_group(b'"tags":[', tags, b"],"),
            *_group(b'"paths":{', [_members(document["paths"]), *(fragment.paths for fragment in fragments)], b"},"),
            b'"components":{%s,' % _members(components),
            *_group(b'"schemas":{', [_members(schemas), *(fragment.schemas for fragment in fragments)], b"},"),
            *_group(b'"parameters":{', parameters, b"}}}"),
        ]
    )


def describe_index(document: Document, root: str, names: Sequence[str], total: int) -> bytes:
    """The document of the fixed routes that leads to the datasets' own documents, as JSON.

    `root` is the path in front of every route, `names` are those of the datasets that are listed, of `total` in all.
    """
    listed = "each" if len(names) == total else f"the first {len(names):,}; `GET /datasets` lists all of them"
    text = _INDEX_TEXT.format(total=total, listed=listed)
    said = document["info"].get("description")
    index = {
        "total": total,
        "document": f"{root}/datasets/{{dataset}}/openapi.json",
        "page": f"{root}/datasets/{{dataset}}/docs",
        "names": list(names),
    }
    tags = [
        {"name": name, "externalDocs": {"url": f"{root}/datasets/{name}/openapi.json"}}
        for name in names
        if name not in SECTIONS
    ]
    info = {**document["info"], "description": f"{said}\n\n{text}" if said else text}
    return _write({**_with_used_components(document), "info": info, INDEX: index, "tags": [*document["tags"], *tags]})


def describe_dataset(document: Document, schema: DatasetSchema, referenced: Sequence[DatasetSchema]) -> bytes:
    """The document of one dataset alone, as JSON: what a generator of clients wants. Its head is the fixed one's.

    `referenced` are the datasets that its columns refer to, as far as the reader may see them.
    """
    embeddable = _embeddable_columns(schema, {other.name for other in referenced})
    schemas = schemas_of(schema, embeddable) | queries.shared_schemas() | {PROBLEM: problem_schema()}
    for other in referenced:
        schemas |= referenced_schemas(other)
    paths = paths_of(schema, embeddable)
    components: Components = {
        "schemas": schemas,
        "parameters": parameters_of(schema),
        "responses": problem_components(),
    }
    used, _ = used_components(references_in(_write(paths)), components)
    return _write(
        {
            "servers": document["servers"],
            "openapi": document["openapi"],
            "info": {"version": document["info"]["version"], **_info_of(schema)},
            "tags": [tag_of(schema)],
            "paths": paths,
            "components": {**used, "securitySchemes": document["components"]["securitySchemes"]},
        }
    )


def _info_of(schema: DatasetSchema) -> Document:
    """The `info` of a dataset's document: under its name, because generators name packages by the title."""
    summary = {"summary": title_of(schema)} if schema.title else {}
    return {"title": schema.name, **summary, "description": about(schema) or f"The records of `{schema.name}`."}


def _write(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _members(members: Mapping[str, Any]) -> bytes:
    """An object's JSON without its braces."""
    return _write(members)[1:-1]


def _group(opening: bytes, parts: Sequence[bytes], closing: bytes) -> Iterator[bytes]:
    """Parts with commas between those that are not empty."""
    yield opening
    separator = b""
    for part in filter(None, parts):
        yield separator
        yield part
        separator = b","
    yield closing
