"""Hostile requests, generated from a seed for each existing route.

A request is a good one of its route of which something is broken: a member of its body, the bytes of it, a parameter,
a header, the address, or a cursor that was given out.
"""

import base64
import gzip
import json
import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, quote_from_bytes
from uuid import UUID

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from httpx import Response

from app.images.mirror import find_images
from app.records.query.operators import OPERATORS
from tests.hostile_values import (
    AGGREGATES,
    BODIES,
    DATASETS,
    HEADERS,
    IMAGE,
    JSON_TEXTS,
    KEY_TYPES,
    METHODS,
    PARAMETERS,
    RAW_TEXTS,
    RECORD,
    TEXTS,
)
from tests.images.rows import add_image
from tests.raw_requests import Header, send_raw


@dataclass(frozen=True)
class HostileRequest:
    """A request as it is sent, and the template of its route's path."""

    route: str
    method: str
    address: bytes
    headers: tuple[Header, ...]
    body: bytes


class _Text(str):
    """A JSON text that stands for itself."""

    __slots__ = ()


@dataclass
class Hostile:
    """Makes hostile requests to an application from a seed, as a caller with this key."""

    app: FastAPI
    key: str
    random: random.Random
    imports: list[str] = field(default_factory=list)
    # Addresses of lists, each with a cursor that was given out for it.
    cursors: list[tuple[bytes, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._routes = sorted(
            {
                (method, context.path or "/")
                for context in iter_route_contexts(self.app.routes)
                for method in context.methods or ("GET",)
            }
        )

    async def prepare(self) -> None:
        """Make the datasets that are missing, with a few records and an import, and ask for cursors of every list.

        Their records show an image, which is made if it is missing.
        """
        if IMAGE not in await find_images([IMAGE]):
            await add_image(id=IMAGE)
        for name, definition in DATASETS.items():
            if (await self._send("GET", f"/datasets/{name}")).status_code == 404:
                await self._send("POST", "/datasets", {"name": name, **definition})
                for at in range(3):
                    moved = {"text": f"a{at}", "decimal": f"0.{at}", "number": at}
                    await self._send("POST", f"/datasets/{name}/records", {**RECORD, **moved})
                made = await self._send("POST", f"/datasets/{name}/imports", {"filename": "a.csv"})
                self.imports.append(made.json()["id"])
                await self._send("POST", f"/datasets/{name}/imports", {"filename": "b.csv"})
        for name in ("a", "b"):
            await self._send("POST", "/keys", {"name": name, "scopes": ["read"]})
        self.cursors = [
            (path.encode(), found["next"]) for path in self._lists() if (found := await self._list(path)).get("next")
        ]

    def _lists(self) -> list[str]:
        lists = ["/datasets?_limit=1", "/keys?_limit=1"]
        for name in DATASETS:
            lists.append(f"/datasets/{name}/imports?_limit=1")
            lists += [f"/datasets/{name}/records?_limit=1&_sort={column}" for column in KEY_TYPES]
        return [*lists, "/datasets/ranged/records?text=a1&_limit=1"]

    async def _list(self, path: str) -> dict[str, Any]:
        response = await self._send("GET", path)
        return dict(response.json()) if response.status_code == 200 else {}

    async def _send(self, method: str, path: str, body: Any = None) -> Response:
        content = b"" if body is None else json.dumps(body).encode()
        return await send_raw(self.app, method, path.encode(), self._good_headers(), content)

    def _good_headers(self) -> list[Header]:
        return [(b"authorization", f"Bearer {self.key}".encode()), (b"content-type", b"application/json")]

    async def send(self, request: HostileRequest) -> Response:
        """The answer to a request."""
        return await send_raw(self.app, request.method, request.address, request.headers, request.body)

    def make(self) -> HostileRequest:
        """The next request."""
        choose = self.random
        if self.cursors and choose.random() < 0.1:
            return self._with_cursor()
        method, route = choose.choice(self._routes)
        if ("openapi" in route or "docs" in route) and choose.random() < 0.8:
            # They take long and read little.
            method, route = choose.choice(self._routes)
        address = self._address(route)
        body = self._body(method, route) if method in ("POST", "PUT", "PATCH") or choose.random() < 0.05 else b""
        if choose.random() < 0.03:
            method = choose.choice(METHODS)
        return HostileRequest(route, method, address, self._headers(), body)

    def _with_cursor(self) -> HostileRequest:
        address, cursor = self.random.choice(self.cursors)
        document = json.loads(base64.urlsafe_b64decode(cursor + "=="))
        document[1] = self._break(document[1])
        forged = _write(document if self.random.random() < 0.9 else self._break(document))
        encoded = base64.urlsafe_b64encode(forged.encode("utf-8", "surrogatepass")).rstrip(b"=")
        if self.random.random() < 0.1:
            encoded = self._tear(encoded)
        return HostileRequest(
            "cursor", "GET", address + b"&_cursor=" + quote_from_bytes(encoded).encode(), self._headers(), b""
        )

    def _address(self, route: str) -> bytes:
        choose = self.random
        parts = [self._part(part) if part.startswith("{") else part.encode() for part in route.split("/")]
        address = b"/".join(parts)
        if choose.random() < 0.05:
            address += choose.choice([b"/", b"//", b"/.", b"/..", b"%2f", b"%00", b"%0a", b"/\xff", b"/%ff"])
        count = choose.choice([0, 0, 1, 1, 1, 2, 3])
        if "records" not in route and "aggregate" not in route:
            count = choose.choice([0, 0, 0, 1])
        return address + (b"?" + b"&".join(self._parameter() for _ in range(count)) if count else b"")

    def _part(self, part: str) -> bytes:
        """The value of a parameter of a route's path."""
        choose = self.random
        if choose.random() < 0.1:
            return self._text().replace(b"/", b"%2F")
        good: dict[str, Sequence[str]] = {
            "{dataset}": [*DATASETS, *DATASETS, "made", "absent"],
            "{import}": [*self.imports, str(UUID(int=1))],
            "{key:path}": ["a0", "a1", "1", "2", "0.10,2026-01-31T12:00:00Z", "a1,1", "a1,1.0", "query", "get"],
            "{key}": [str(UUID(int=2))],
        }
        return quote(choose.choice(good.get(part, ["a"])), safe=",").encode()

    def _text(self) -> bytes:
        """A text as it stands in an address."""
        if self.random.random() < 0.15:
            return self.random.choice(RAW_TEXTS)
        return quote(self.random.choice(TEXTS), safe=self.random.choice(["", ",%"])).encode()

    def _parameter(self) -> bytes:
        choose = self.random
        column = choose.choice([*RECORD, "_id", "absent"])
        name = choose.choice([column, f"{column}__{choose.choice([*OPERATORS, 'x'])}", choose.choice(PARAMETERS)])
        if choose.random() < 0.05:
            return self._text() + b"=" + self._text()
        if name in ("_aggregate", "_group", "_sort", "_select") and choose.random() < 0.6:
            value = choose.choice([*AGGREGATES, "datetime__month", "-text", "date", "count", "-number,text"])
            return f"{name}={value}".encode()
        if name == "_count":
            return b"_count=" + choose.choice([b"exact", b"estimated", b"none", b"x"])
        if name == "_limit":
            return b"_limit=" + choose.choice([b"1", b"0", b"-1", b"1e3", b"9" * 50, b"1001", b"%00", b" 1", b"1.0"])
        good = str(RECORD.get(column, "1"))
        return f"{name}=".encode() + (quote(good).encode() if choose.random() < 0.4 else self._text())

    def _headers(self) -> tuple[Header, ...]:
        choose = self.random
        headers = dict(self._good_headers())
        for name in choose.sample(sorted(HEADERS), choose.choice([0, 0, 0, 1, 1, 2])):
            headers[name] = choose.choice(HEADERS[name])
        if choose.random() < 0.05:
            headers.pop(b"content-type", None)
        found = list(headers.items())
        return tuple(found + (found[:1] if choose.random() < 0.02 else []))

    def _body(self, method: str, route: str) -> bytes:
        choose = self.random
        templates = BODIES.get((method, route)) or choose.choice(list(BODIES.values()))
        body = choose.choice(templates)
        for _ in range(choose.choice([0, 1, 1, 1, 2, 3])):
            body = self._break(body)
        content = _write(body).encode("utf-8", "surrogatepass")
        kind = choose.random()
        if kind < 0.05:
            return self._tear(content)
        if kind < 0.1:
            whole: list[bytes] = [gzip.compress(content), content * 2, b"", b"\xef\xbb\xbf" + content]
            with suppress(UnicodeDecodeError):
                whole.append(content.decode().encode("utf-16"))
            return choose.choice(whole)
        return content

    def _tear(self, content: bytes) -> bytes:
        """Bytes of which a few are others, or the end is missing."""
        choose = self.random
        torn = bytearray(content[: choose.randint(0, len(content))] if choose.random() < 0.5 else content)
        for _ in range(min(3, len(torn))):
            torn[choose.randrange(len(torn))] = choose.randrange(256)
        return bytes(torn)

    def _break(self, value: Any) -> Any:
        """A JSON value of which one part is another: replaced, removed, added or there twice."""
        choose = self.random
        if not isinstance(value, dict | list) or not value or choose.random() < 0.15:
            return _Text(choose.choice(JSON_TEXTS))
        if isinstance(value, list):
            at = choose.randrange(len(value))
            kept = [*value[:at], *([] if choose.random() < 0.1 else [self._break(value[at])]), *value[at + 1 :]]
            return kept + ([value[at]] if choose.random() < 0.1 else [])
        name = choose.choice(list(value))
        kind = choose.random()
        if kind < 0.1:
            return {member: value[member] for member in value if member != name}
        if kind < 0.2:
            return {
                **value,
                choose.choice([*TEXTS, "name", "type", "key", "columns", "limit"]): _Text(choose.choice(JSON_TEXTS)),
            }
        if kind < 0.25:
            return _Text(_write(value)[:-1] + f",{json.dumps(name)}:{choose.choice(JSON_TEXTS)}}}")
        return {**value, name: self._break(value[name])}


def _write(value: Any) -> str:
    if isinstance(value, _Text):
        return str(value)
    if isinstance(value, dict):
        return f"{{{','.join(f'{json.dumps(name)}:{_write(member)}' for name, member in value.items())}}}"
    if isinstance(value, list):
        return f"[{','.join(map(_write, value))}]"
    return json.dumps(value, ensure_ascii=False)


def find_fault(request: HostileRequest, response: Response) -> str | None:
    """The fault of an answer, None for one that serves the request or is a problem."""
    if response.status_code >= 500:
        return f"{response.status_code} {response.text[:200]}"
    if response.status_code >= 400 and request.method != "HEAD":
        kind = response.headers.get("content-type")
        # What asks for permission to send a request from a browser is answered before any route.
        if kind != "application/problem+json" and request.method != "OPTIONS":
            return f"{response.status_code} as {kind}"
    return None
