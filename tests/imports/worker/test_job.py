"""Effects of an import on its dataset: modes, rejections, keys, limits."""

import asyncio
import os

import asyncpg
import pytest
from httpx import AsyncClient
from sqlalchemy import update
from sqlmodel import col

from app.core.database.sessions import transaction
from app.core.settings import get_settings
from app.imports.models import Import
from app.imports.repository import MAX_ATTEMPTS
from app.imports.worker.claim import HEARTBEAT_SECONDS
from tests.imports.conftest import Importer

STOCK = {
    "name": "stock",
    "key": ["sku"],
    "columns": [
        {"name": "sku", "type": "text"},
        {"name": "price", "type": "decimal", "precision": 8, "scale": 2},
        {"name": "ean", "type": "bigint", "unique": True},
    ],
}
# Records enough for more than one block and more than the sample that a new dataset's columns are proposed from.
MANY = 100_000
FIRST = "sku,price,ean\na,1.00,1\nb,2.50,2\n"
# A commit that takes longer than the time between two heartbeats.
SLOW_COMMIT = f"""
    CREATE FUNCTION slow_commit() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_sleep({2 * HEARTBEAT_SECONDS}); RETURN NULL; END $$;
    CREATE CONSTRAINT TRIGGER slow_commit AFTER UPDATE ON tolva.import DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW WHEN (new.status = 'succeeded') EXECUTE FUNCTION slow_commit()
"""


@pytest.fixture
async def stock(client: AsyncClient, importer: Importer) -> Importer:
    """A dataset with a key, a unique column and two records."""
    assert (await client.post("/datasets", json=STOCK)).status_code == 201
    assert (await importer("stock", FIRST))["status"] == "succeeded"
    return importer


def prices(records: list[dict[str, object]]) -> dict[object, object]:
    return {record["sku"]: record["price"] for record in records}


class TestAppend:
    async def test_a_new_dataset_gets_the_columns_of_its_file(self, importer: Importer) -> None:
        shown = await importer("fruit", "id,name,price\n1,fig,0.10\n2,kiwi,12.50\n")
        assert shown["result"] == {"added": 2, "changed": 0, "unchanged": 0}
        assert shown["progress"]["rows_loaded"] == 2
        assert (shown["phase"], shown["problem"], shown["rejections"]) == (None, None, [])
        assert shown["created_at"] < shown["started_at"] < shown["finished_at"]
        dataset = await importer.dataset("fruit")
        assert dataset["key"] == ["id"]
        assert [column["type"] for column in dataset["columns"]] == ["integer", "text", "decimal"]
        assert await importer.records("fruit") == [
            {"id": 1, "name": "fig", "price": "0.10"},
            {"id": 2, "name": "kiwi", "price": "12.50"},
        ]

    async def test_records_are_added(self, stock: Importer) -> None:
        shown = await stock("stock", "sku,price,ean\nc,3,3\n")
        assert shown["result"] == {"added": 1, "changed": 0, "unchanged": 0}
        assert prices(await stock.records("stock")) == {"a": "1.00", "b": "2.50", "c": "3.00"}

    async def test_columns_are_found_by_name_in_any_order_and_may_be_missing(self, stock: Importer) -> None:
        shown = await stock("stock", "PRICE,Sku\n3,c\n")
        assert shown["status"] == "succeeded", shown
        assert shown["renamed"] == {"PRICE": "price", "Sku": "sku"}
        assert shown["warnings"] == ["The file has no column ean: its records have null there."]

    async def test_a_column_that_the_dataset_lacks_is_refused_with_the_near_one(self, stock: Importer) -> None:
        shown = await stock("stock", "sku,prise\nc,3\n")
        assert shown["problem"]["type"] == "/problems/columns-mismatch"
        assert "no column 'prise'. Did you mean 'price'?" in shown["problem"]["detail"]
        assert len(await stock.records("stock")) == 2

    async def test_a_required_column_must_be_there(self, stock: Importer) -> None:
        shown = await stock("stock", "price,ean\n3,3\n")
        assert shown["problem"]["type"] == "/problems/columns-mismatch"
        assert "sku" in shown["problem"]["detail"]

    async def test_a_dataset_is_never_retyped(self, stock: Importer) -> None:
        shown = await stock("stock", "sku,price,ean\nc,cheap,3\n")
        assert shown["status"] == "failed"
        assert shown["problem"]["type"] == "/problems/rows-rejected"
        assert [column["type"] for column in (await stock.dataset("stock"))["columns"]] == ["text", "decimal", "bigint"]

    async def test_without_a_key_records_are_numbered_in_file_order(self, importer: Importer) -> None:
        await importer("notes", "what,when\nx,2024-01-01\nx,2024-01-01\n")
        await importer("notes", "what,when\ny,2024-01-02\n")
        assert [(record["_id"], record["what"]) for record in await importer.records("notes")] == [
            (1, "x"),
            (2, "x"),
            (3, "y"),
        ]


class TestFirstFile:
    """The columns that a file's beginning suggests are loaded into while all of it is still being read."""

    @pytest.mark.parametrize(
        ("last", "kind"),
        [("7", "integer"), ("x", "text"), ("1.5", "number"), ("9007199254740993", "bigint"), ("007", "text")],
    )
    async def test_a_value_behind_the_beginning_widens_its_column(
        self, importer: Importer, client: AsyncClient, last: str, kind: str
    ) -> None:
        lines = [f"{number},{number % 7},{'y' if number % 2 else 'n'}" for number in range(1, MANY)]
        shown = await importer("wide", "id,value,flag\n" + "\n".join([*lines, f"{MANY},{last},y"]))
        assert shown["result"] == {"added": MANY, "changed": 0, "unchanged": 0}
        assert [column["type"] for column in shown["columns"]] == ["integer", kind, "boolean"]
        assert shown["columns"][1]["evidence"][-1] == f"{MANY:,} values, 0 nulls"
        assert str((await client.get(f"/datasets/wide/records/{MANY}")).json()["value"]) == last

    async def test_a_column_without_values_at_the_beginning(self, importer: Importer, client: AsyncClient) -> None:
        lines = [f"{number},{number if number > MANY - 3 else ''}" for number in range(1, MANY + 1)]
        shown = await importer("late", "id,value\n" + "\n".join(lines))
        assert [column["type"] for column in shown["columns"]] == ["integer", "integer"]
        assert (await client.get(f"/datasets/late/records/{MANY}")).json()["value"] == MANY

    async def test_a_rejection_before_the_change_is_reported_once(self, importer: Importer) -> None:
        lines = [f"{number},{number}" for number in range(1, MANY + 1)]
        lines[10], lines[-1] = "1,2,3", f"{MANY},x"
        shown = await importer("odd", "id,value\n" + "\n".join(lines), on_reject="skip")
        assert shown["totals"] == [{"column": None, "code": "too_many_fields", "count": 1}]
        assert shown["result"]["added"] == MANY - 1


class TestClashes:
    async def test_a_key_that_exists_names_its_line(self, stock: Importer) -> None:
        shown = await stock("stock", "sku,price,ean\nc,3,3\na,9,9\n")
        assert shown["status"] == "failed"
        assert shown["rejections"] == [
            {
                "line": 3,
                "record": 2,
                "offset": 20,
                "column": "sku",
                "value": "a",
                "code": "existing_key",
                "message": "a record of the dataset already has it",
            }
        ]
        assert prices(await stock.records("stock")) == {"a": "1.00", "b": "2.50"}

    async def test_skipping_loads_the_others(self, stock: Importer) -> None:
        shown = await stock("stock", "sku,price,ean\nc,3,3\na,9,9\nd,4,2\ne,x,5\n", on_reject="skip")
        assert shown["result"] == {"added": 1, "changed": 0, "unchanged": 0}
        assert {(row["line"], row["code"]) for row in shown["rejections"]} == {
            (3, "existing_key"),
            (4, "existing_value"),
            (5, "not_decimal"),
        }
        assert shown["progress"]["rows_rejected"] == 3
        assert prices(await stock.records("stock")) == {"a": "1.00", "b": "2.50", "c": "3.00"}

    @pytest.mark.parametrize("mode", ["append", "upsert", "replace"])
    async def test_a_key_twice_in_the_file_names_both_lines(self, stock: Importer, mode: str) -> None:
        shown = await stock("stock", "sku,price,ean\nc,3,3\nd,4,4\nc,5,5\n", mode=mode)
        assert shown["status"] == "failed"
        assert [(row["line"], row["code"], row["message"]) for row in shown["rejections"]] == [
            (4, "repeated_key", "the same as in line 2")
        ]
        assert prices(await stock.records("stock")) == {"a": "1.00", "b": "2.50"}

    async def test_a_unique_value_twice(self, stock: Importer) -> None:
        shown = await stock("stock", "sku,price,ean\nc,3,3\nd,4,3\n")
        assert [(row["line"], row["column"], row["code"]) for row in shown["rejections"]] == [
            (3, "ean", "repeated_value")
        ]

    async def test_a_reference_to_nothing(self, stock: Importer, client: AsyncClient) -> None:
        orders = {
            "name": "orders",
            "key": ["id"],
            "columns": [{"name": "id", "type": "integer"}, {"name": "sku", "type": "text", "references": "stock"}],
        }
        assert (await client.post("/datasets", json=orders)).status_code == 201
        shown = await stock("orders", "id,sku\n1,a\n2,zz\n3,\n", on_reject="skip")
        assert shown["result"]["added"] == 2
        assert [(row["line"], row["value"], row["code"]) for row in shown["rejections"]] == [
            (3, "zz", "reference_missing")
        ]


class TestUpsert:
    async def test_records_are_added_changed_and_left(self, stock: Importer) -> None:
        shown = await stock("stock", "sku,price,ean\na,1.00,1\nb,9.99,2\nc,3,3\n", mode="upsert")
        assert shown["result"] == {"added": 1, "changed": 1, "unchanged": 1}
        assert prices(await stock.records("stock")) == {"a": "1.00", "b": "9.99", "c": "3.00"}

    async def test_a_column_that_the_file_lacks_is_left_alone(self, stock: Importer) -> None:
        shown = await stock("stock", "sku,price\na,7\n", mode="upsert")
        assert shown["result"] == {"added": 0, "changed": 1, "unchanged": 0}
        assert (await stock.records("stock"))[0] == {"sku": "a", "price": "7.00", "ean": "1"}

    async def test_into_a_dataset_without_columns_it_is_an_append(self, importer: Importer) -> None:
        shown = await importer("fresh", "id,n\n1,2\n", mode="upsert")
        assert shown["result"] == {"added": 1, "changed": 0, "unchanged": 0}

    async def test_without_a_key_it_is_refused(self, importer: Importer, client: AsyncClient) -> None:
        await importer("notes", "what,when\nx,1\nx,1\n")
        response = await client.post("/datasets/notes/imports", json={"filename": "n.csv", "mode": "upsert"})
        assert response.status_code == 422
        assert response.json()["type"] == "/problems/dataset-without-key"


class TestReplace:
    async def test_the_old_records_are_gone(self, stock: Importer) -> None:
        shown = await stock("stock", "sku,price,ean\nz,1,1\n", mode="replace")
        assert shown["result"] == {"added": 1, "changed": 0, "unchanged": 0}
        assert prices(await stock.records("stock")) == {"z": "1.00"}

    async def test_the_new_table_has_what_the_old_one_had(
        self, stock: Importer, connections: asyncpg.Connection
    ) -> None:
        facts = (
            "SELECT indexname FROM pg_indexes WHERE schemaname = 'data' UNION ALL "
            "SELECT column_name || is_nullable || data_type FROM information_schema.columns WHERE table_schema = 'data'"
        )
        before = {row[0] for row in await connections.fetch(facts)}
        await stock("stock", "sku,price,ean\nz,1,1\n", mode="replace")
        assert {row[0] for row in await connections.fetch(facts)} == before
        assert (await stock("stock", "sku,price,ean\nz,1,1\n"))["status"] == "failed"

    async def test_a_file_without_records_leaves_the_dataset_unless_allowed(self, stock: Importer) -> None:
        shown = await stock("stock", "sku,price,ean\n", mode="replace")
        assert shown["problem"]["type"] == "/problems/file-without-records"
        assert len(await stock.records("stock")) == 2
        assert (await stock("stock", "sku,price,ean\n", mode="replace", allow_empty=True))["status"] == "succeeded"
        assert await stock.records("stock") == []

    async def test_what_others_refer_to_stays(self, stock: Importer, client: AsyncClient) -> None:
        orders = {"name": "orders", "columns": [{"name": "sku", "type": "text", "references": "stock"}]}
        await client.post("/datasets", json=orders)
        await stock("orders", "sku\na\n")
        shown = await stock("stock", "sku,price,ean\nb,1,1\n", mode="replace")
        assert shown["problem"]["type"] == "/problems/referenced-records-missing"
        # The importer may have no right to know which datasets reference it.
        assert shown["problem"]["detail"] == (
            "A record of another dataset references the record 'a', which the file does not have."
        )
        assert (await stock("stock", "sku,price,ean\na,8,1\n", mode="replace"))["status"] == "succeeded"
        assert (await stock("orders", "sku\nb\n"))["rejections"][0]["code"] == "reference_missing"

    async def test_readers_never_see_an_empty_dataset(self, stock: Importer, client: AsyncClient) -> None:
        many = "sku,price,ean\n" + "".join(f"k{n},1,{n}\n" for n in range(20_000))
        announced = await stock.announce("stock", many.encode(), mode="replace")
        work = asyncio.create_task(stock.drain())
        seen = set()
        while not work.done():
            page = await client.get("/datasets/stock/records?_limit=1")
            assert page.status_code == 200
            seen.add(page.json()["data"][0]["sku"])
        await work
        assert (await stock.show(announced["id"]))["status"] == "succeeded"
        assert seen <= {"a", "k0"}


class TestRejections:
    async def test_nothing_is_loaded_and_everything_is_reported(self, stock: Importer) -> None:
        shown = await stock("stock", "sku,price,ean\nc,1.555,3\nd,4\ne,5,x\n,6,6\n")
        assert shown["problem"]["detail"].startswith("4 of 4 rows were not accepted; nothing was loaded.")
        assert [(row["line"], row["column"], row["code"]) for row in shown["rejections"]] == [
            (2, "price", "not_decimal"),
            (3, None, "too_few_fields"),
            (4, "ean", "not_bigint"),
            (5, "sku", "required"),
        ]
        full = (await stock.rejections(shown["id"])).splitlines()
        assert full[0] == "line,record,offset,column,value,code,message"
        assert len(full) == 5

    async def test_more_than_allowed(self, stock: Importer) -> None:
        body = "sku,price,ean\nc,x,3\nd,x,4\ne,5,5\n"
        shown = await stock("stock", body, on_reject="skip", max_rejections=1)
        assert shown["problem"]["type"] == "/problems/too-many-rejections"
        assert (shown["progress"]["rows_read"], shown["progress"]["rows_loaded"]) == (3, 0)
        assert len(await stock.records("stock")) == 2
        assert (await stock("stock", body, on_reject="skip", max_rejections=2))["status"] == "succeeded"

    async def test_a_file_of_which_no_row_is_good_is_a_failure(self, stock: Importer) -> None:
        shown = await stock("stock", "sku,price,ean\nc,x,3\n", on_reject="skip")
        assert shown["problem"]["detail"].startswith("None of the 1 rows was accepted.")

    async def test_a_row_of_too_many_fields_for_one_column(self, importer: Importer) -> None:
        shown = await importer("one", "a\n1\n2,3\n", options={"delimiter": ","})
        assert [row["message"] for row in shown["rejections"]] == ["expected 1 field, found 2"]

    async def test_the_first_hundred_are_shown_and_all_are_counted(self, stock: Importer) -> None:
        rows = "".join(f"k{n},x,y\n" for n in range(5_000))
        shown = await stock("stock", "sku,price,ean\n" + rows)
        assert [row["record"] for row in shown["rejections"]] == [n for n in range(1, 51) for _ in range(2)]
        assert shown["totals"] == [
            {"column": "price", "code": "not_decimal", "count": 5_000},
            {"column": "ean", "code": "not_bigint", "count": 5_000},
        ]
        assert len((await stock.rejections(shown["id"])).splitlines()) == 10_001


class TestDryRun:
    async def test_it_tells_what_would_happen_and_does_nothing(self, stock: Importer) -> None:
        body = "sku,price,ean\na,1.00,1\nb,9.99,2\nc,3,3\n"
        shown = await stock("stock", body, mode="upsert", dry_run=True)
        assert (shown["status"], shown["result"]) == ("succeeded", {"added": 1, "changed": 1, "unchanged": 1})
        assert prices(await stock.records("stock")) == {"a": "1.00", "b": "2.50"}

    async def test_columns_are_proposed_and_not_pinned(self, importer: Importer) -> None:
        shown = await importer("later", "id,n\n1,x\n", dry_run=True)
        assert [column["type"] for column in shown["columns"]] == ["integer", "text"]
        assert shown["dialect"]["key"] == ["id"]
        assert (await importer.dataset("later"))["columns"] == []
        assert (await importer("later", "id,n\n1,2\n"))["status"] == "succeeded"


class TestKeys:
    async def test_a_candidate_that_repeats_far_away_is_none(self, importer: Importer) -> None:
        rows = "".join(f"{n},{n}\n" for n in range(300_000)) + "5,x\n"
        shown = await importer("far", "id,n\n" + rows)
        assert shown["status"] == "succeeded"
        assert (await importer.dataset("far"))["key"] == []
        assert (await importer.records("far"))[-1] == {"_id": 300_001, "id": 5, "n": "x"}

    async def test_a_null_keeps_a_column_from_being_the_key(self, importer: Importer) -> None:
        await importer("holes", "id,n\n1,a\n,b\n")
        assert (await importer.dataset("holes"))["key"] == []


class TestLimits:
    async def test_too_many_columns(self, importer: Importer, setting: None) -> None:
        os.environ["TOLVA_MAX_COLUMNS"] = "2"
        shown = await importer("wide", "a,b,c\n1,2,3\n")
        assert shown["problem"]["type"] == "/problems/file-too-wide"

    async def test_a_file_over_the_limit_is_refused_before_and_after_the_upload(
        self, importer: Importer, client: AsyncClient, setting: None
    ) -> None:
        await client.post("/datasets", json={"name": "big"})
        announced = await importer.announce("big", b"a\n" + b"1\n" * 100, size=None)
        os.environ["TOLVA_MAX_FILE_BYTES"] = "50"
        get_settings.cache_clear()
        response = await client.post("/datasets/big/imports", json={"filename": "big.csv", "size": 51})
        assert (response.status_code, response.json()["type"]) == (413, "/problems/file-too-large")
        await importer.drain()
        assert (await importer.show(announced["id"]))["problem"]["type"] == "/problems/file-too-large"

    async def test_an_import_that_takes_too_long_ends(self, stock: Importer, setting: None) -> None:
        os.environ["TOLVA_IMPORT_TIMEOUT_SECONDS"] = "0.001"
        shown = await stock("stock", "sku,price,ean\nc,3,3\n")
        assert shown["problem"]["type"] == "/problems/import-timed-out"
        assert len(await stock.records("stock")) == 2


class TestMeanwhile:
    async def test_the_dataset_is_deleted_before_the_file_is_read(self, stock: Importer, client: AsyncClient) -> None:
        announced = await stock.announce("stock", b"sku,price,ean\nc,3,3\n")
        assert (await client.delete("/datasets/stock?confirm=stock")).status_code == 204
        await stock.drain()
        shown = await stock.show(announced["id"])
        assert shown["problem"]["type"] == "/problems/dataset-deleted"

    async def test_an_import_that_no_worker_ends_is_given_up(self, stock: Importer) -> None:
        announced = await stock.announce("stock", b"sku,price,ean\nc,3,3\n")
        async with transaction() as session:
            await session.execute(update(Import).values(attempts=MAX_ATTEMPTS).where(col(Import.id) == announced["id"]))
        await stock.drain()
        problem = (await stock.show(announced["id"]))["problem"]
        assert problem["type"] == "/problems/worker-lost"
        assert announced["id"] in problem["hint"]
        assert len(await stock.records("stock")) == 2

    async def test_options_that_are_not_taken_any_more_end_it(self, stock: Importer) -> None:
        announced = await stock.announce("stock", b"sku,price,ean\nc,3,3\n")
        async with transaction() as session:
            options = {"encoding": "punycode"}
            await session.execute(update(Import).values(options=options).where(col(Import.id) == announced["id"]))
        await stock.drain()
        problem = (await stock.show(announced["id"]))["problem"]
        assert problem["type"] == "/problems/options-mismatch"
        assert "encoding" in problem["detail"]

    async def test_a_cancelled_import_loads_nothing(self, stock: Importer, client: AsyncClient) -> None:
        announced = await stock.announce("stock", b"sku,price,ean\nc,3,3\n")
        assert (await client.post(f"/imports/{announced['id']}/cancel")).json()["status"] == "cancelled"
        await stock.drain()
        assert (await stock.show(announced["id"]))["status"] == "cancelled"
        assert len(await stock.records("stock")) == 2
        again = await client.post(f"/imports/{announced['id']}/cancel")
        assert (again.status_code, again.json()["type"]) == (409, "/problems/import-finished")

    async def test_cancelling_while_it_runs_undoes_it(self, stock: Importer, client: AsyncClient) -> None:
        many = "sku,price,ean\n" + "".join(f"k{n},1,{n + 10}\n" for n in range(400_000))
        announced = await stock.announce("stock", many.encode())
        work = asyncio.create_task(stock.drain())
        for _ in range(500):
            if (await stock.show(announced["id"]))["status"] == "running":
                break
            await asyncio.sleep(0.02)
        assert (await client.post(f"/imports/{announced['id']}/cancel")).status_code == 200
        await work
        assert (await stock.show(announced["id"]))["status"] == "cancelled"
        assert len(await stock.records("stock")) == 2

    async def test_a_heartbeat_that_waited_for_the_commit_ends_nothing(
        self, stock: Importer, connections: asyncpg.Connection
    ) -> None:
        await connections.execute(SLOW_COMMIT)
        try:
            async with connections.transaction():
                # The planner's statistics, which are renewed after the commit, wait for this lock; the rows do not.
                await connections.execute("LOCK TABLE data.stock IN SHARE UPDATE EXCLUSIVE MODE")
                importing = asyncio.create_task(stock("stock", "sku,price,ean\nb,4,2\nc,3,3\n", mode="upsert"))
                for _ in range(40):
                    is_committed = await connections.fetchval(
                        "SELECT EXISTS (SELECT FROM tolva.import WHERE status = 'succeeded' AND mode = 'upsert')"
                    )
                    await asyncio.sleep(HEARTBEAT_SECONDS)
                    if is_committed:
                        break
            shown = await importing
        finally:
            await connections.execute("DROP FUNCTION slow_commit CASCADE")
        assert (shown["status"], is_committed) == ("succeeded", True)
        analysed = "SELECT reltuples FROM pg_class WHERE oid = 'data.stock'::regclass"
        assert await connections.fetchval(analysed) == 3

    async def test_imports_into_one_dataset_follow_each_other(self, importer: Importer) -> None:
        one = await importer.announce("both", b"id,n\n1,1\n")
        two = await importer.announce("both", b"id,n\n2,2\n")
        await asyncio.gather(importer.drain(), importer.drain())
        assert {(await importer.show(row["id"]))["status"] for row in (one, two)} == {"succeeded"}
        assert [record["id"] for record in await importer.records("both")] == [1, 2]
