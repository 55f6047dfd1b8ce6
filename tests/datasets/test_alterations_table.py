"""Changes of a dataset's key, references and indexes: their effect on its table, and the reasons to refuse them."""

import asyncio
import os

import asyncpg
import pytest
from httpx import AsyncClient

from app.core.settings import get_settings
from tests.datasets.conftest import Columns, Document, Things

COLUMNS: Columns = {"id": "integer", "name": "text", "code": "text", "n": "number"}
ROWS = [(1, "x", "a", 1.5), (2, "y", "b", None), (3, "x", "c", 2.5)]


@pytest.fixture
async def keyed(things: Things) -> Things:
    """A dataset with a key and three records."""
    await things.make(COLUMNS, ROWS, key=["id"])
    return things


def _set(**values: float) -> None:
    os.environ.update({f"TOLVA_{name.upper()}": str(value) for name, value in values.items()})
    get_settings.cache_clear()


class TestKey:
    async def test_another_column_may_be_the_key(self, keyed: Things, client: AsyncClient) -> None:
        changed = await keyed.change({"key": ["code"]})
        assert changed["key"] == ["code"]
        assert {column["name"]: column["required"] for column in changed["columns"]}["code"] is True
        assert (await client.get("/datasets/things/records/b")).json()["id"] == 2
        assert (await keyed.layout())["things__pkey"] == "PRIMARY KEY (code)"

    async def test_it_may_be_of_several(self, keyed: Things, client: AsyncClient) -> None:
        await keyed.change({"key": ["name", "code"]})
        assert (await client.get("/datasets/things/records/x,c")).json()["id"] == 3

    async def test_none_numbers_the_records_and_one_does_away_with_the_numbers(self, keyed: Things) -> None:
        await keyed.change({"key": []})
        assert [(record["_id"], record["id"]) for record in await keyed.records()] == [(1, 1), (2, 2), (3, 3)]
        await keyed.change({"key": ["code"], "columns": {"id": None}})
        assert (await keyed.records())[0] == {"name": "x", "code": "a", "n": 1.5}
        assert "_id" not in await keyed.layout()

    async def test_records_that_share_it_are_named(self, keyed: Things) -> None:
        problem = await keyed.refused({"key": ["name"]}, "records-incompatible")
        assert [(example["code"], example["key"], example["value"]) for example in problem["errors"]] == [
            ("repeated_key", "1", "x"),
            ("repeated_key", "3", "x"),
        ]

    async def test_records_without_it_are_named(self, keyed: Things) -> None:
        problem = await keyed.refused({"key": ["n", "code"]}, "records-incompatible")
        assert [(example["code"], example["key"], example["value"]) for example in problem["errors"]] == [
            ("required", "2", None)
        ]

    async def test_the_new_key_may_be_a_new_column(self, things: Things) -> None:
        await things.make({"a": "text"}, [("x",)])
        await things.change({"add_columns": [{"name": "id", "type": "integer", "fill": 7}], "key": ["id"]})
        assert await things.records() == [{"a": "x", "id": 7}]

    @pytest.mark.parametrize("key", [["absent"], ["id", "id"], ["more"], [f"c{n}" for n in range(9)]])
    async def test_what_is_no_key(self, keyed: Things, key: list[str]) -> None:
        await keyed.change({"add_columns": [{"name": "more", "type": "json"}]})
        await keyed.refused({"key": key}, "request-invalid")

    async def test_cursors_of_the_old_one_are_refused(self, keyed: Things, client: AsyncClient) -> None:
        cursor = (await client.get("/datasets/things/records?_limit=1")).json()["next"]
        await keyed.change({"key": ["code"]})
        response = await client.get(f"/datasets/things/records?_limit=1&_cursor={cursor}")
        assert (response.status_code, response.json()["type"]) == (400, "/problems/cursor-invalid")


class TestReferences:
    @pytest.fixture
    async def sales(self, keyed: Things) -> Things:
        """A dataset `sales` whose `thing` refers to the key of `things`."""
        thing: Document = {"type": "integer", "references": "things"}
        await keyed.make({"thing": thing, "other": "integer"}, [(1, 1), (3, 9)], name="sales")
        return keyed

    @pytest.mark.parametrize(
        "body",
        [
            {"key": ["code"]},
            {"key": []},
            {"key": ["id", "code"]},
            {"columns": {"id": {"type": "text"}}},
            {"columns": {"id": {"type": "bigint"}}},
            {"columns": {"id": None}, "key": ["code"]},
        ],
    )
    async def test_a_key_that_is_referred_to_stays(self, sales: Things, body: Document) -> None:
        problem = await sales.refused(body, "dataset-referenced")
        assert "The key of 'things' is referenced by sales" in problem["detail"]

    async def test_it_may_have_another_name(self, sales: Things, connections: asyncpg.Connection) -> None:
        await sales.change({"columns": {"id": {"name": "number", "max": 3}, "name": None}})
        with pytest.raises(asyncpg.ForeignKeyViolationError):
            await connections.execute("DELETE FROM data.things WHERE number = 1")

    async def test_once_nothing_refers_to_it_it_may_change(self, sales: Things) -> None:
        await sales.change({"columns": {"thing": {"references": None}}}, name="sales")
        assert "sales__thing__fkey" not in await sales.layout("sales")
        await sales.change({"key": ["code"]})

    async def test_records_that_refer_to_nothing_are_named(self, sales: Things) -> None:
        body = {"columns": {"other": {"references": "things"}}}
        problem = await sales.refused(body, "records-incompatible", name="sales")
        assert problem["errors"] == [
            {
                "column": "other",
                "code": "reference_missing",
                "key": "2",
                "value": "9",
                "message": "no record of things has this key",
            }
        ]

    async def test_a_new_reference_is_kept_by_the_database(self, sales: Things) -> None:
        column = {"name": "more", "type": "integer", "references": "things", "fill": 2}
        await sales.change({"add_columns": [column]}, name="sales")
        key = "FOREIGN KEY (more) REFERENCES data.things(id)"
        assert (await sales.layout("sales"))["sales__more__fkey"] == key

    async def test_a_value_that_no_record_has_as_its_key(self, sales: Things) -> None:
        column = {"name": "more", "type": "integer", "references": "things", "fill": 4}
        problem = await sales.refused({"add_columns": [column]}, "records-incompatible", name="sales")
        assert problem["errors"][0]["code"] == "reference_missing"

    async def test_a_value_to_fill_up_with_that_no_record_has_as_its_key(self, keyed: Things) -> None:
        thing: Document = {"type": "integer", "references": "things"}
        await keyed.make({"thing": thing}, [(None,)], name="sales")
        problem = await keyed.refused({"columns": {"thing": {"fill": 4}}}, "request-invalid", name="sales")
        assert problem["detail"] == "`fill` of 'thing': no record of things has this key."
        await keyed.change({"columns": {"thing": {"fill": 3}}}, name="sales")

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            ({"references": "absent"}, "which is no other dataset"),
            ({"references": "sales"}, "which is no other dataset"),
            ({"references": "keyless"}, "whose key is not one column"),
            ({"type": "text", "references": "things"}, "'other' is text, but the key of 'things' is integer"),
        ],
    )
    async def test_what_cannot_be_referred_to(self, sales: Things, change: Document, reason: str) -> None:
        await sales.make({"a": "text"}, name="keyless")
        problem = await sales.refused({"columns": {"other": change}}, "reference-invalid", name="sales")
        assert reason in problem["detail"]

    async def test_a_reference_is_retyped_with_what_it_refers_to(self, keyed: Things) -> None:
        await keyed.make({"thing": "text"}, [("1",), ("2",)], name="sales")
        changed = await keyed.change({"columns": {"thing": {"type": "integer", "references": "things"}}}, name="sales")
        assert changed["columns"][0]["references"] == "things"
        await keyed.refused({"columns": {"thing": {"type": "text"}}}, "reference-invalid", name="sales")


class TestIndexes:
    async def test_those_that_are_named_are_built_and_the_others_dropped(self, keyed: Things) -> None:
        changed = await keyed.change({"indexes": [{"columns": ["name", "-n"]}, {"search": True}]})
        assert changed["indexes"] == [
            {"name": "things__name__n__idx_ad", "columns": ["name", "-n"], "origin": "declared"},
            {"name": "things__pkey", "columns": ["id"], "origin": "key"},
            {"name": "things__search", "search": True, "origin": "declared"},
        ]
        assert changed["unindexed"] == ["code", "n"]
        layout = await keyed.layout()
        assert layout["things__name__n__idx_ad"] == "btree (name, n DESC, id DESC)"
        assert layout["things__search"].startswith("gin (to_tsvector('simple'::regconfig, ")
        await keyed.change({"indexes": [{"columns": ["name", "-n"]}, {"columns": ["n"]}]})
        assert {"things__n__idx", "things__name__n__idx_ad"} == {
            name for name in await keyed.layout() if "idx" in name or "search" in name
        }
        await keyed.change({"indexes": None})
        assert len((await keyed.change({"title": "x"}))["indexes"]) == 1

    async def test_what_is_shown_can_be_sent_back(self, keyed: Things, connections: asyncpg.Connection) -> None:
        await connections.execute("CREATE INDEX by_hand ON data.things (n)")
        before = await keyed.change({"columns": {"code": {"unique": True}}, "indexes": [{"columns": ["name"]}]})
        assert {"name": "by_hand", "origin": "database"} in before["indexes"]
        assert await keyed.change({"indexes": before["indexes"]}) == before
        changed = await keyed.change({"indexes": [*before["indexes"], {"search": True}]})
        assert len(changed["indexes"]) == len(before["indexes"]) + 1

    async def test_json_is_indexed_for_what_it_contains(self, things: Things) -> None:
        await things.make({"a": "json"}, [('{"x": 1}',)])
        await things.change({"indexes": [{"columns": ["a"]}]})
        assert (await things.layout())["things__a__idx"] == "gin (a jsonb_path_ops)"

    async def test_they_follow_the_key(self, keyed: Things) -> None:
        await keyed.change({"indexes": [{"columns": ["n"]}, {"columns": ["-code"]}]})
        changed = await keyed.change({"key": ["code"]})
        layout = await keyed.layout()
        assert layout["things__n__idx"] == "btree (n, code)"
        # The key's own serves that one.
        assert "things__code__idx_d" not in layout
        assert changed["unindexed"] == ["id", "name"]

    async def test_the_search_follows_the_texts(self, keyed: Things) -> None:
        await keyed.change({"indexes": [{"search": True}]})
        await keyed.change({"add_columns": [{"name": "more", "type": "text"}]})
        assert "more" in (await keyed.layout())["things__search"]
        problem = await keyed.refused(
            {"columns": {"name": None, "code": None, "more": None}, "indexes": [{"search": True}]}, "request-invalid"
        )
        assert problem["detail"] == "A search index needs a column of type text."
        await keyed.change({"columns": {"name": None, "code": None, "more": None}})
        assert "things__search" not in await keyed.layout()

    async def test_one_that_was_built_before_is_taken_over(
        self, keyed: Things, connections: asyncpg.Connection
    ) -> None:
        await connections.execute("CREATE INDEX CONCURRENTLY things__name__idx ON data.things (name, id)")
        number = await connections.fetchval("SELECT 'data.things__name__idx'::regclass::oid")
        await keyed.change({"indexes": [{"columns": ["name"]}]})
        assert await connections.fetchval("SELECT 'data.things__name__idx'::regclass::oid") == number

    async def test_one_whose_building_failed_is_built_fresh(
        self, keyed: Things, connections: asyncpg.Connection
    ) -> None:
        with pytest.raises(asyncpg.UniqueViolationError):
            await connections.execute("CREATE UNIQUE INDEX CONCURRENTLY things__name__idx ON data.things (name)")
        await keyed.change({"indexes": [{"columns": ["name"]}]})
        assert (await keyed.layout())["things__name__idx"] == "btree (name, id)"

    async def test_a_value_that_is_too_long(self, things: Things, connections: asyncpg.Connection) -> None:
        await things.make({"a": "text"})
        await connections.execute(
            "INSERT INTO data.things (a) SELECT string_agg(md5(n::text), '') FROM generate_series(1, 300) AS n"
        )
        for body in ({"indexes": [{"columns": ["a"]}]}, {"columns": {"a": {"unique": True}}}, {"key": ["a"]}):
            problem = await things.refused(body, "value-too-long-for-index")
            assert "over a" in problem["detail"]
        await things.change({"indexes": [{"search": True}]})

    @pytest.mark.parametrize(
        "indexes",
        [
            [{"columns": ["nme"]}],
            [{"columns": ["id"]}],
            [{"columns": ["_id"]}],
            [{"search": True}, {"search": True}],
            [{}],
            ["name"],
            "name",
        ],
    )
    async def test_what_is_no_index(self, keyed: Things, indexes: object) -> None:
        await keyed.refused({"indexes": indexes}, "request-invalid")

    async def test_a_new_dataset_may_have_them(self, things: Things) -> None:
        created = await things.make(COLUMNS, ROWS, indexes=[{"columns": ["-n"]}, {"search": True}])
        assert [index["name"] for index in created["indexes"]] == ["things__n__idx_d", "things__pkey", "things__search"]
        assert (await things.layout())["things__n__idx_d"] == "btree (n DESC, _id DESC)"


class TestDryRun:
    async def test_nothing_of_it_is_kept(self, keyed: Things) -> None:
        before = await keyed.change({}), await keyed.records(), await keyed.layout()
        body = {"columns": {"n": {"type": "text"}}, "key": ["code"], "title": "New", "dry_run": True}
        response = await keyed.patch(body)
        assert (response.status_code, response.json()["key"], response.json()["title"]) == (200, ["code"], "New")
        assert (await keyed.change({}), await keyed.records(), await keyed.layout()) == before

    async def test_what_would_be_refused_is(self, keyed: Things) -> None:
        await keyed.refused({"key": ["name"], "dry_run": True}, "records-incompatible")


class TestAllOrNothing:
    async def test_what_was_done_before_a_refusal_is_undone(self, keyed: Things) -> None:
        body = {
            "title": "New",
            "columns": {"n": {"type": "text"}, "code": {"name": "letter"}, "name": {"unique": True}},
            "add_columns": [{"name": "more", "type": "text", "fill": "x"}],
            "indexes": [{"columns": ["more"]}],
        }
        await keyed.refused(body, "records-incompatible")


class TestBusy:
    async def test_while_it_is_written_to_it_stays(self, keyed: Things, connections: asyncpg.Connection) -> None:
        async with connections.transaction():
            await connections.execute("INSERT INTO data.things (id) VALUES (4)")
            response = await keyed.patch({"columns": {"n": None}})
        assert (response.status_code, response.json()["type"]) == (409, "/problems/dataset-busy")
        assert await keyed.values("n") == [1.5, None, 2.5, None]

    async def test_while_it_is_read_it_keeps_its_columns(self, keyed: Things, connections: asyncpg.Connection) -> None:
        async with connections.transaction():
            await connections.fetch("SELECT * FROM data.things")
            assert (await keyed.patch({"columns": {"n": None}})).json()["type"] == "/problems/dataset-busy"
            # An index is built while others read.
            assert (await keyed.patch({"indexes": [{"columns": ["n"]}]})).status_code == 200

    async def test_readers_never_fail_while_it_changes(self, keyed: Things, client: AsyncClient) -> None:
        seen: set[int] = set()

        async def read() -> None:
            while not done.is_set():
                response = await client.get("/datasets/things/records/1")
                seen.add(response.status_code)

        done = asyncio.Event()
        readers = [asyncio.create_task(read()) for _ in range(3)]
        for number in range(15):
            old, new = (f"n{number}", f"n{number + 1}") if number else ("n", "n1")
            await keyed.change({"columns": {old: {"name": new}}})
        done.set()
        await asyncio.gather(*readers)
        assert seen == {200}

    async def test_of_many_changes_each_is_made_or_refused(self, keyed: Things) -> None:
        bodies = [{"add_columns": [{"name": f"c{number}", "type": "integer", "fill": 1}]} for number in range(6)]
        responses = await asyncio.gather(*(keyed.patch(body) for body in bodies))
        assert {response.status_code for response in responses} == {200}
        assert len((await keyed.records())[0]) == 10

    async def test_two_that_wait_for_each_other_do_not_wait_for_ever(self, things: Things) -> None:
        for name in ("one", "two"):
            await things.make({"id": "text", "ref": "text"}, key=["id"], name=name)
        bodies = {"one": "two", "two": "one"}
        asked = [things.patch({"columns": {"ref": {"references": to}}}, name=name) for name, to in bodies.items()]
        statuses = {response.status_code for response in await asyncio.gather(*asked)}
        assert statuses <= {200, 409}
        assert 200 in statuses


class TestLimits:
    async def test_a_change_that_takes_too_long(
        self, things: Things, connections: asyncpg.Connection, setting: None
    ) -> None:
        await things.make({"a": "text"})
        await connections.execute("INSERT INTO data.things (a) SELECT n::text FROM generate_series(1, 200000) AS n")
        _set(change_timeout_seconds=0.05)
        for body in ({"columns": {"a": {"type": "integer"}}}, {"columns": {"a": {"pattern": ".*"}}}):
            response = await things.patch(body)
            assert (response.status_code, response.json()["type"]) == (503, "/problems/change-timed-out")
            assert "TOLVA_CHANGE_TIMEOUT_SECONDS" in response.json()["hint"]
        assert (await things.records())[0] == {"_id": 1, "a": "1"}

    async def test_too_many_indexes(self, keyed: Things, client: AsyncClient, setting: None) -> None:
        _set(max_indexes=1)
        indexes = [{"columns": ["n"]}, {"columns": ["n", "-id"]}]
        problem = await keyed.refused({"indexes": indexes}, "too-many-indexes")
        assert "TOLVA_MAX_INDEXES" in problem["detail"]
        columns = [{"name": "n", "type": "number"}, {"name": "id", "type": "integer"}]
        response = await client.post("/datasets", json={"name": "b", "columns": columns, "indexes": indexes})
        assert response.json()["type"] == "/problems/too-many-indexes"

    async def test_too_many_columns(self, keyed: Things, setting: None) -> None:
        _set(max_columns=5)
        columns = [{"name": name, "type": "text"} for name in ("a", "b")]
        await keyed.refused({"add_columns": columns}, "too-many-columns")
        await keyed.change({"add_columns": columns, "columns": {"n": None}})

    async def test_columns_that_were_dropped_take_their_place(self, things: Things) -> None:
        await things.make({"a": "text"}, [("x",)])
        columns = [{"name": f"c{number}", "type": "boolean"} for number in range(400)]
        dropped = {column["name"]: None for column in columns}
        statuses = []
        for _ in range(4):
            statuses.append((await things.patch({"add_columns": columns})).status_code)
            await things.patch({"columns": dropped})
        assert statuses == [200, 200, 200, 422]
        assert await things.records() == [{"_id": 1, "a": "x"}]

    async def test_a_record_that_becomes_too_large(self, things: Things) -> None:
        await things.make({"a": "text"}, [("x",)])
        columns = [{"name": f"c{number}", "type": "text"} for number in range(499)]
        await things.change({"add_columns": columns})
        fills = {column["name"]: {"fill": "more than a pointer takes"} for column in columns}
        await things.refused({"columns": fills}, "records-incompatible")
