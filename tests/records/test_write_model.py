"""Random writes, compared with a plain Python model of what they should do."""

from typing import Any

from httpx import AsyncClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.records.conftest import Make

STABLE = settings(
    deadline=None,
    derandomize=True,
    max_examples=50,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
COLUMNS: list[dict[str, Any]] = [
    {"name": "k", "type": "text", "max_length": 1},
    {"name": "u", "type": "integer", "unique": True, "max": 3},
    {"name": "d", "type": "json"},
]
KEYS = st.sampled_from(["a", "b", "/", "toolong"])
VALUES = st.none() | st.integers(1, 4)
DOCUMENTS = st.none() | st.sampled_from([{}, {"x": 1}, {"x": None, "y": {"z": 2}}, [1], "text"])
RECORDS = st.fixed_dictionaries({"k": KEYS}, optional={"u": VALUES, "d": DOCUMENTS})
CHANGES = st.fixed_dictionaries({}, optional={"u": VALUES, "d": DOCUMENTS, "k": KEYS})
STATES = st.sampled_from([None, "current", "stale", "*", "absent"])
OPERATIONS = st.one_of(
    st.tuples(st.just("POST"), RECORDS, st.none()),
    st.tuples(st.just("POST"), st.lists(RECORDS, max_size=3), st.none()),
    st.tuples(st.just("PUT"), RECORDS, STATES),
    st.tuples(st.just("PATCH"), st.tuples(KEYS, CHANGES), STATES),
    st.tuples(st.just("DELETE"), KEYS, STATES),
)


class Model:
    """The model of a dataset of COLUMNS: a dict of its records by key."""

    def __init__(self) -> None:
        self.records: dict[str, dict[str, Any]] = {}

    def post(self, bodies: list[dict[str, Any]]) -> int:
        added = [{"k": body["k"], "u": body.get("u"), "d": body.get("d")} for body in bodies]
        if not added or not all(map(self._is_legal, added)):
            return 422
        keys = [record["k"] for record in added]
        if len({*self.records, *keys}) < len(self.records) + len(keys) or not self._are_unique(added, {}):
            return 409
        self.records |= {record["k"]: record for record in added}
        return 201

    def put(self, body: dict[str, Any], state: str | None) -> int:
        record = {"k": body["k"], "u": body.get("u"), "d": body.get("d")}
        if not self._is_legal(record):
            return 422
        is_there = record["k"] in self.records
        if state == "stale" or (state == "absent" and is_there) or (state in ("current", "*") and not is_there):
            return 412
        if not self._are_unique([record], {record["k"]}):
            return 409
        self.records[record["k"]] = record
        return 200 if is_there else 201

    def patch(self, key: str, changes: dict[str, Any], state: str | None) -> int:
        if state == "absent":
            return 400
        if changes.get("k", key) != key or not self._is_legal({"k": "a", "u": None, **changes}):
            return 422
        if key not in self.records:
            return 404
        if state == "stale":
            return 412
        record = {**self.records[key], **changes}
        if isinstance(changes.get("d"), dict):
            record["d"] = _merged(self.records[key]["d"], changes["d"])
        if "u" in changes and not self._are_unique([record], {key}):
            return 409
        self.records[key] = record
        return 200

    def delete(self, key: str, state: str | None) -> int:
        if state == "absent":
            return 400
        if key not in self.records:
            return 404
        if state == "stale":
            return 412
        del self.records[key]
        return 204

    def _is_legal(self, record: dict[str, Any]) -> bool:
        return len(record["k"]) == 1 and (record["u"] is None or record["u"] <= 3)

    def _are_unique(self, added: list[dict[str, Any]], replaced: Any) -> bool:
        others = [record for key, record in self.records.items() if key not in replaced]
        values = [record["u"] for record in (*others, *added) if record["u"] is not None]
        return len(set(values)) == len(values)


def _merged(target: Any, patch: dict[str, Any]) -> dict[str, Any]:
    """A merge patch, for the documents above."""
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = _merged(merged.get(name), value) if isinstance(value, dict) else value
    return merged


async def _do(client: AsyncClient, method: str, what: Any, state: str | None) -> int:
    """Send an operation; the state of the record becomes a header."""
    if method == "POST":
        return (await client.post("/datasets/things/records", json=what)).status_code
    key = what["k"] if method == "PUT" else what if method == "DELETE" else what[0]
    path = f"/datasets/things/records/{key.replace('/', '%2F')}"
    headers = {"If-None-Match": "*"} if state == "absent" else {}
    if state in ("current", "stale", "*"):
        read = await client.get(path)
        tag = read.headers.get("etag", '"none"') if state == "current" else '"stale"' if state == "stale" else "*"
        headers = {"If-Match": tag}
    body = what if method == "PUT" else what[1] if method == "PATCH" else None
    return (await client.request(method, path, json=body, headers=headers)).status_code


def _expect(model: Model, method: str, what: Any, state: str | None) -> int:
    if method == "POST":
        return model.post(what if isinstance(what, list) else [what])
    if method == "PUT":
        return model.put(what, state)
    return model.patch(what[0], what[1], state) if method == "PATCH" else model.delete(what, state)


class TestWrites:
    @STABLE
    @given(operations=st.lists(OPERATIONS, min_size=5, max_size=25))
    async def test_they_do_what_the_model_does(
        self, client: AsyncClient, make: Make, operations: list[tuple[str, Any, str | None]]
    ) -> None:
        await client.delete("/datasets/things?confirm=things")
        await make("things", COLUMNS, key=["k"])
        model = Model()
        for method, what, state in operations:
            expected = _expect(model, method, what, state)
            assert await _do(client, method, what, state) == expected, (method, what, state)
        data = (await client.get("/datasets/things/records")).json()["data"]
        assert {record["k"]: record for record in data} == model.records
