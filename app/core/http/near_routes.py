"""Which of the addresses that there are a request may have meant. Pure.

A template is an address with its parameters in braces: /datasets/{dataset}/records/{key}.
"""

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

CUTOFF = 0.6
MAX_SEGMENTS = 8
MAX_LETTERS = 100
MAX_SHOWN = 4
RECORDS = "/datasets/{dataset}/records"
# What other APIs have before their addresses.
_PREFIXES = ("api", "rest", "v1", "v2", "v3", "items", "collections", "tables", "public", "db")
# What other APIs call a part of an address.
_CALLED = {
    "rows": "records", "items": "records", "data": "records", "entries": "records", "documents": "records",
    "objects": "records", "all": "records", "csv": "records", "export": "records", "list": "records",
    "stats": "aggregate", "statistics": "aggregate", "count": "aggregate", "group": "aggregate", "sum": "aggregate",
    "jobs": "imports", "uploads": "imports", "upload": "imports", "files": "imports", "load": "imports",
    "tables": "datasets", "table": "datasets", "collections": "datasets", "resources": "datasets",
    "swagger": "docs", "redoc": "docs", "documentation": "docs", "api-docs": "docs", "swagger-ui": "docs",
    "swagger.json": "openapi.json", "openapi.yaml": "openapi.json", "openapi.yml": "openapi.json",
    "openapi": "openapi.json", "api-docs.json": "openapi.json", "schema.json": "openapi.json",
    "tokens": "keys", "apikeys": "keys", "api-keys": "keys", "me": "current", "status": "health", "ping": "health",
}  # fmt: skip
# What a dataset itself says.
_OF_A_DATASET = ("schema", "columns", "fields", "metadata", "describe", "info", "structure", "meta")


def find_near(path: str, templates: Sequence[str]) -> tuple[str, str]:
    """` Did you mean …?` if an address is near, else an empty string; and a hint."""
    hint = "/docs lists every route."
    segments = [segment[:MAX_LETTERS] for segment in path.split("/") if segment][:MAX_SEGMENTS]
    for part in _without_prefixes(segments):
        near = _nearest(part, templates)
        if near is not None:
            shown = near.removeprefix("/") if len(segments) == 1 and near.count("/") == 1 else near
            return f" Did you mean '{shown}'?", hint
    *_, named = _without_prefixes(segments)
    return "", f"{_hint_for(named[0], templates)}{hint}" if named else hint


def _hint_for(name: str, templates: Sequence[str]) -> str:
    """The hint for a path that begins with an unknown name."""
    if name == "graphql":
        return "Queries go to POST /datasets/{dataset}/records/query. "
    there = [template for template in templates if name in template.split("/")][:MAX_SHOWN]
    if there:
        return f"There is {', '.join(there)}. "
    dataset = re.fullmatch(r"([A-Za-z]\w*)(\.(csv|json|ndjson|jsonl))?", name)
    return f"The records of a dataset are at {RECORDS.format(dataset=dataset[1].lower())}. " if dataset else ""


def find_taker(path: str, method: str, templates: Sequence[str]) -> str | None:
    """The routes that accept a method which this path does not: below it, or above it.

    `templates` are the paths that accept the method.
    """
    segments = path.strip("/").split("/")
    found = []
    for template in templates:
        parts = template.strip("/").split("/")
        if parts == [""] or abs(len(parts) - len(segments)) != 1 or not _fits(parts, segments):
            continue
        address = "/" + "/".join([*segments[: len(parts)], *parts[len(segments) :]])
        if parts[-1].startswith("{") and len(parts) > len(segments):
            by = ", by its key" if parts[-1] == "{key}" else ""
            return f"{method} takes one at a time{by}: {method} {address}."
        found.append(f"{method} {address}")
    return f"There is {', '.join(found)}." if found else None


def _fits(parts: Sequence[str], segments: Sequence[str]) -> bool:
    return all(part.startswith("{") or part == segment for part, segment in zip(parts, segments, strict=False))


def _without_prefixes(segments: Sequence[str]) -> Iterator[list[str]]:
    """The segments, then the rest of them without each prefix of other APIs."""
    rest = list(segments)
    yield rest
    while rest and rest[0].lower() in _PREFIXES:
        rest = rest[1:]
        yield rest


def _nearest(segments: Sequence[str], templates: Sequence[str]) -> str | None:
    """The address that is nearest to some segments, with their values in the place of parameters."""
    if len(segments) == 3 and _is_like("datasets", segments[0]) and segments[-1].lower() in _OF_A_DATASET:
        segments = segments[:-1]
    best, best_score = None, 0.0
    for template in templates:
        parts = template.strip("/").split("/")
        if len(parts) != len(segments) or not segments:
            continue
        likeness = [_likeness(part, segment) for part, segment in zip(parts, segments, strict=True)]
        score = sum(likeness) / len(likeness)
        if min(likeness) >= CUTOFF and score > best_score:
            filled = (segment if part.startswith("{") else part for part, segment in zip(parts, segments, strict=True))
            best, best_score = "/" + "/".join(filled), score
    return best


def _is_like(part: str, segment: str) -> bool:
    return _likeness(part, segment) >= CUTOFF


def _likeness(part: str, segment: str) -> float:
    """The similarity of a segment of a path and one of a template, from 0 to 1; any matches a parameter."""
    if part.startswith("{"):
        return 0.9
    text = segment.lower()
    return 1.0 if _CALLED.get(text, text) == part else SequenceMatcher(None, part, text).ratio()
