"""What may have been meant by a key that no record has: one that differs by zeros, letters' case or what surrounds it.

Only such keys are asked for, by name and a bounded number of them, of a caller who may read the records.
"""

import re
from collections.abc import Sequence
from typing import Any

from app.columns.column import Column
from app.datasets.schema import Shape
from app.records.errors import RecordNotFound
from app.records.record_key import join_key
from app.records.request import Access
from app.records.stores import reads_of

# Digits of the longest number that zeros are put before.
MOST_DIGITS = 16
MOST_CANDIDATES = 60
# What stands beside the records, or is no GET.
_ROUTES = {
    "query": "POST /datasets/{}/records/query takes a query as JSON.",
    "get": "POST /datasets/{}/records/get takes keys as JSON.",
    "aggregate": "GET /datasets/{}/aggregate computes.",
    "count": "GET /datasets/{}/aggregate counts.",
    "search": "GET /datasets/{}/records?_q=words searches.",
}


async def explain_absence(access: Access, absence: RecordNotFound, key: Sequence[Any]) -> RecordNotFound:
    """The problem that there is no record with a key, with the nearest key that there is."""
    shape = access.shape
    texts = [str(value) for value in key]
    if hint := _hint_of_route(shape, texts):
        return RecordNotFound(absence.detail, hint=hint)
    candidates = near_keys(shape.key, texts)
    if not candidates or not access.caller.may("read", shape.name):
        return absence
    found = await reads_of(shape).get_many(access, candidates)
    near = next((candidate for candidate, record in zip(candidates, found, strict=True) if record is not None), None)
    if near is None:
        return absence
    address = f"/datasets/{shape.name}/records/{join_key(near)}"
    return RecordNotFound(f"{absence.detail} Did you mean {', '.join(near)}?", hint=f"It is at {address}.")


def _hint_of_route(shape: Shape, texts: Sequence[str]) -> str | None:
    if list(texts) == [""]:
        return f"The records are listed at the URL without the slash at its end: /datasets/{shape.name}/records."
    route = _ROUTES.get(texts[0]) if len(texts) == 1 else None
    return route.format(shape.name) if route else None


def near_keys(columns: Sequence[Column], texts: Sequence[str]) -> list[tuple[str, ...]]:
    """The keys that differ from a key in one of its texts, by what is easily lost or added on the way."""
    keys: dict[tuple[str, ...], None] = {}
    for at, column in enumerate(columns):
        if column.type == "text":
            for text in _near_texts(texts[at]):
                keys[*texts[:at], text, *texts[at + 1 :]] = None
    keys.pop(tuple(texts), None)
    return list(keys)[:MOST_CANDIDATES]


def _near_texts(text: str) -> list[str]:
    bare = re.sub(r"\.(json|csv)$|/+$", "", text.strip()).strip("\"'")
    found = [bare, bare.upper(), bare.lower(), bare.capitalize(), bare.title()]
    if re.fullmatch(f"[0-9]{{1,{MOST_DIGITS}}}", bare):
        number = bare.lstrip("0") or "0"
        found += [number.zfill(length) for length in range(len(number), MOST_DIGITS + 1)]
    return [near for near in dict.fromkeys(found) if near]
