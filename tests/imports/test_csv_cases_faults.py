"""Hard files, cases 39 and 40: many rejections, repeated keys, failure on the last row."""

import csv
import io

from httpx import AsyncClient

from tests.imports.conftest import Importer, rejection

INTEGER = "not an integer (as 42, from -9007199254740991 to 9007199254740991, without leading zeros)"
STOCK = {
    "name": "stock",
    "key": ["sku"],
    "columns": [
        {"name": "sku", "type": "text"},
        {"name": "n", "type": "integer", "required": True},
        {"name": "day", "type": "date"},
    ],
}
ROWS = 30_000


class TestManyRejections:
    async def test_case_39_every_row_with_two_errors(self, client: AsyncClient, importer: Importer) -> None:
        await client.post("/datasets", json=STOCK)
        content = "sku,n,day\n" + "".join(f"s{number},x,2024-13-01\n" for number in range(ROWS))
        shown = await importer("stock", content, on_reject="skip")
        assert shown["status"] == "failed"
        assert shown["problem"]["type"] == "/problems/rows-rejected"
        assert shown["totals"] == [
            {"column": "n", "code": "not_integer", "count": ROWS},
            {"column": "day", "code": "not_date", "count": ROWS},
        ]
        assert shown["progress"]["rows_rejected"] == ROWS
        assert len(shown["rejections"]) == 100
        assert shown["rejections"][:2] == [
            rejection(2, 1, 10, "n", "x", "not_integer", INTEGER),
            rejection(2, 1, 10, "day", "2024-13-01", "not_date", "not a date (as 2026-01-31)"),
        ]
        listed = list(csv.DictReader(io.StringIO(await importer.rejections(shown["id"]))))
        assert len(listed) == 2 * ROWS
        assert [int(row["record"]) for row in listed] == [number for number in range(1, ROWS + 1) for _ in range(2)]
        assert listed[-1]["line"] == str(ROWS + 1)

    async def test_case_39_errors_of_every_kind_come_in_file_order(
        self, client: AsyncClient, importer: Importer
    ) -> None:
        await client.post("/datasets", json=STOCK)
        bad = ['a,"x"y,2024-01-01', "a,1", "a,1,2024-01-01,z", "a,1.5,2024-01-32", "\0,1,2024-01-01", "c,,2024-01-01"]
        content = "sku,n,day\n" + "".join(f"{row}\nok{number},1,2024-01-01\n" for number, row in enumerate(bad * 40))
        shown = await importer("stock", content, on_reject="skip")
        assert [item["record"] for item in shown["rejections"]] == sorted(
            item["record"] for item in shown["rejections"]
        )
        assert [(item["record"], item["column"], item["code"]) for item in shown["rejections"][:7]] == [
            (1, "n", "text_after_quote"),
            (3, None, "too_few_fields"),
            (5, None, "too_many_fields"),
            (7, "n", "not_integer"),
            (7, "day", "not_date"),
            (9, "sku", "nul_character"),
            (11, "n", "required"),
        ]
        assert {(item["column"], item["code"]): item["count"] for item in shown["totals"]} == {
            ("n", "text_after_quote"): 40,
            (None, "too_few_fields"): 40,
            (None, "too_many_fields"): 40,
            ("n", "not_integer"): 40,
            ("day", "not_date"): 40,
            ("sku", "nul_character"): 40,
            ("n", "required"): 40,
        }
        assert shown["result"]["added"] == 240


class TestRepeatedKeys:
    async def test_case_40_the_same_key_twice_names_both_lines(self, client: AsyncClient, importer: Importer) -> None:
        await client.post("/datasets", json=STOCK)
        await importer("stock", "sku,n\na,1\nb,2\n")
        content = 'sku,n,day\na,5,\n"c\nd",6,\na,7,\ne,8,\n"c\nd",9,\na,10,\n'
        for mode in ("upsert", "append", "replace"):
            shown = await importer("stock", content, mode=mode)
            assert shown["status"] == "failed"
            repeated = [item for item in shown["rejections"] if item["code"] == "repeated_key"]
            assert repeated == [
                rejection(5, 3, 24, "sku", "a", "repeated_key", "the same as in line 2"),
                rejection(7, 5, 34, "sku", "c\nd", "repeated_key", "the same as in line 3"),
                rejection(9, 6, 43, "sku", "a", "repeated_key", "the same as in line 2"),
            ]
            assert [(record["sku"], record["n"]) for record in await importer.records("stock")] == [("a", 1), ("b", 2)]

    async def test_case_40_the_first_one_stays_when_others_are_skipped(
        self, client: AsyncClient, importer: Importer
    ) -> None:
        await client.post("/datasets", json=STOCK)
        shown = await importer("stock", "sku,n\na,1\nb,2\na,3\n", mode="upsert", on_reject="skip")
        assert shown["result"] == {"added": 2, "changed": 0, "unchanged": 0}
        assert [(record["sku"], record["n"]) for record in await importer.records("stock")] == [("a", 1), ("b", 2)]

    async def test_case_40_failure_on_the_last_row(self, client: AsyncClient, importer: Importer) -> None:
        await client.post("/datasets", json=STOCK)
        await importer("stock", "sku,n\na,1\n")
        content = "sku,n\n" + "".join(f"k{number},1\n" for number in range(20_000)) + "last,x\n"
        for mode in ("append", "upsert", "replace"):
            shown = await importer("stock", content, mode=mode)
            assert shown["status"] == "failed"
            assert [(item["line"], item["value"]) for item in shown["rejections"]] == [(20_002, "x")]
        assert [record["sku"] for record in await importer.records("stock")] == ["a"]
