"""Near keys for a key that no record has: they differ by zeros, letters' case or surrounding characters.

Only such keys are looked up, a limited number of them, for a caller who may read the records.
"""

import re
from collections.abc import Sequence
from typing import Any

from app.columns.column import Column
from app.datasets.schema import DatasetSchema
from app.records.errors import RecordNotFound
from app.records.record_key import join_key
from app.records.request import RecordsRequest
from app.records.stores import reads_of

# Digits of the longest number that zeros are put before.
MAX_PLAIN_DIGITS = 16
MAX_CANDIDATES = 60
# Routes next to the records, or not of GET.
_ROUTES = {
    "query": "POST /datasets/{}/records/query takes a query as JSON.",
    "get": "POST /datasets/{}/records/get takes keys as JSON.",
    "aggregate": "GET /datasets/{}/aggregate computes.",
    "count": "GET /datasets/{}/aggregate counts.",
    "search": "GET /datasets/{}/records?_q=words searches.",
}


async def explain_absence(request: RecordsRequest, absence: RecordNotFound, key: Sequence[Any]) -> RecordNotFound:
    """The problem for a missing record, with the nearest existing key."""
    schema = request.schema
    texts = [str(value) for value in key]
    if hint := _hint_of_route(schema, texts):
        return RecordNotFound(absence.detail, hint=hint)
    candidates = near_keys(schema.key, texts)
    if not candidates or not request.caller.may("read", schema.name):
        return absence
    found = await reads_of(schema).get_many(request, candidates)
    near = next((candidate for candidate, record in zip(candidates, found, strict=True) if record is not None), None)
    if near is None:
        return absence
    address = f"/datasets/{schema.name}/records/{join_key(near)}"
    return RecordNotFound(f"{absence.detail} Did you mean {', '.join(near)}?", hint=f"It is at {address}.")


def _hint_of_route(schema: DatasetSchema, texts: Sequence[str]) -> str | None:
    if list(texts) == [""]:
        return f"The records are listed at the URL without the slash at its end: /datasets/{schema.name}/records."
    route = _ROUTES.get(texts[0]) if len(texts) == 1 else None
    return route.format(schema.name) if route else None


def near_keys(columns: Sequence[Column], texts: Sequence[str]) -> list[tuple[str, ...]]:
    """The keys that differ from a key in one of its texts, by what is easily lost or added on the way."""
    keys: dict[tuple[str, ...], None] = {}
    for at, column in enumerate(columns):
        if column.kind.is_text:
            for text in _near_texts(texts[at]):
                keys[*texts[:at], text, *texts[at + 1 :]] = None
    keys.pop(tuple(texts), None)
    return list(keys)[:MAX_CANDIDATES]


def _near_texts(text: str) -> list[str]:
    bare = re.sub(r"\.(json|csv)$|/+$", "", text.strip()).strip("\"'")
    found = [bare, bare.upper(), bare.lower(), bare.capitalize(), bare.title()]
    if re.fullmatch(f"[0-9]{{1,{MAX_PLAIN_DIGITS}}}", bare):
        number = bare.lstrip("0") or "0"
        found += [number.zfill(length) for length in range(len(number), MAX_PLAIN_DIGITS + 1)]
    return [near for near in dict.fromkeys(found) if near]
