"""`tolva records` against a running Tolva."""

import json
from pathlib import Path

import pytest

from tests.cli.calls import make, make_key, on, on_terminal, rows
from tests.local.running import ADMIN_KEY, RunningDev

COLUMNS = [
    {"name": "code", "type": "text"},
    {"name": "price", "type": "decimal", "precision": 30, "scale": 2},
    {"name": "facts", "type": "json"},
]
# A key may hold what means something in an address; json holds numbers that no double does.
ODD = ["a,b", "50%", "a/b", "ünï", "a b?c#d", "..."]
PAIR = [{"name": "region", "type": "text"}, {"name": "year", "type": "integer"}, {"name": "amount", "type": "number"}]


@pytest.fixture(scope="module")
def many(dev: RunningDev) -> str:
    records = [{"code": f"{n:04}", "price": f"{n}.10", "facts": None} for n in range(120)]
    make(dev, "many_records", COLUMNS, records, key=["code"])
    return "many_records"


class TestList:
    def test_a_page(self, dev: RunningDev, many: str) -> None:
        done = on(dev, "records", "list", many)
        assert len(rows(done.out)) == 50
        assert "--all" in done.err
        assert "--cursor" in done.err

    def test_filters_select_sort_and_limit(self, dev: RunningDev, many: str) -> None:
        arguments = ["price__gte=100", "price__lt=110", "--sort", "-code", "--select", "code,price", "--limit", "2"]
        done = on(dev, "records", "list", many, *arguments, "--count")
        assert rows(done.out) == [{"code": "0109", "price": "109.10"}, {"code": "0108", "price": "108.10"}]
        assert "10 records match" in done.err

    def test_all_pages(self, dev: RunningDev, many: str) -> None:
        assert len(rows(on(dev, "records", "list", many, "--all").out)) == 120
        assert len(rows(on(dev, "records", "list", many, "--all", "--limit", "70").out)) == 70
        # More than a page has are all of them.
        assert len(rows(on(dev, "records", "list", many, "--limit", "5000").out)) == 120
        everything = json.loads(on(dev, "records", "list", many, "--all", "--json").out)
        assert (len(everything["data"]), everything["next"]) == (120, None)

    def test_a_cursor_goes_on(self, dev: RunningDev, many: str) -> None:
        page = json.loads(on(dev, "records", "list", many, "--limit", "3", "--json").out)
        done = on(dev, "records", "list", many, "--limit", "3", "--cursor", page["next"])
        assert [row["code"] for row in rows(done.out)] == ["0003", "0004", "0005"]

    def test_json_is_the_answer_as_it_is(self, dev: RunningDev, many: str) -> None:
        done = on(dev, "records", "list", many, "--limit", "2", "--json")
        assert done.out == dev.request("GET", f"/datasets/{many}/records?_limit=2").text + "\n"
        assert done.err == ""

    def test_formats(self, dev: RunningDev, many: str) -> None:
        lines = on(dev, "records", "list", many, "--limit", "2", "--format", "ndjson").out.splitlines()
        assert lines == [
            '{"code":"0000","price":"0.10","facts":null}',
            '{"code":"0001","price":"1.10","facts":null}',
        ]
        table = on(dev, "records", "list", many, "--limit", "2", "--format", "csv").out
        assert table == "code,price,facts\n0000,0.10,\n0001,1.10,\n"
        assert len(on(dev, "records", "list", many, "--format", "csv").out.splitlines()) == 51
        array = json.loads(on(dev, "records", "list", many, "--all", "--format", "json").out)
        assert len(array) == 120

    def test_a_mistake_is_the_apis_to_tell(self, dev: RunningDev, many: str) -> None:
        done = on(dev, "records", "list", many, "prise=3")
        assert done.code == 1
        assert "Did you mean 'price'?" in done.err

    @pytest.mark.parametrize(
        ("text", "way"), [("price>3", "price__gt=3"), ("price>=3", "price__gte=3"), ("price!=3", "price__ne=3")]
    )
    def test_operators_of_others(self, dev: RunningDev, many: str, text: str, way: str) -> None:
        done = on(dev, "records", "list", many, text)
        assert done.code == 2
        assert way in done.err

    def test_what_does_not_go_together(self, dev: RunningDev, many: str) -> None:
        assert on(dev, "records", "list", many, "--all", "--count").code == 2
        assert on(dev, "records", "list", many, "--format", "csv", "--cursor", "x").code == 2

    def test_an_empty_dataset(self, dev: RunningDev) -> None:
        make(dev, "no_records", COLUMNS)
        make(dev, "no_columns", [])
        for name in ("no_records", "no_columns"):
            done = on(dev, "records", "list", name)
            assert (done.code, done.out) == (0, "")
            assert "no such records" in done.err
            assert on(dev, "records", "list", name, "--all", "--format", "json").out == "[\n]\n"

    def test_of_a_key_value_dataset(self, dev: RunningDev) -> None:
        make(
            dev,
            "kept_pairs",
            PAIR,
            [{"region": "a,b", "year": n, "amount": 0.5} for n in range(3)],
            key=["region", "year"],
            store="keyvalue",
        )
        done = on(dev, "records", "list", "kept_pairs", "region=a,b", "--all", "--format", "csv")
        assert done.out == 'region,year,amount\n"a,b",0,0.5\n"a,b",1,0.5\n"a,b",2,0.5\n'
        refused = on(dev, "records", "list", "kept_pairs")
        assert refused.code == 1
        assert "region" in refused.err


class TestGet:
    def test_odd_keys(self, dev: RunningDev, store: str) -> None:
        name = f"odd_{store}"
        make(
            dev,
            name,
            COLUMNS,
            [{"code": code, "price": "0.10", "facts": None} for code in ODD],
            key=["code"],
            store=store,
        )
        for code in ODD:
            done = on(dev, "records", "get", name, code)
            assert done.out.startswith(f"code\t{code}\nprice\t0.10\n"), done.err
        assert [row["code"] for row in rows(on(dev, "records", "get", name, *ODD).out)] == ODD

    def test_a_key_of_two_columns(self, dev: RunningDev, store: str) -> None:
        name = f"pairs_{store}"
        make(dev, name, PAIR, [{"region": "a,b", "year": 1, "amount": 1e30}], key=["region", "year"], store=store)
        assert "amount\t1e+30" in on(dev, "records", "get", name, '"a,b",1').out
        done = on(dev, "records", "get", name, "a,b,1")
        assert done.code == 2
        assert "region, year" in done.err

    def test_a_key_that_looks_like_an_option(self, dev: RunningDev) -> None:
        make(dev, "below_zero", [{"name": "n", "type": "integer"}], [{"n": -5}], key=["n"])
        assert on(dev, "records", "get", "below_zero", "--", "-5").out == "n\t-5\n"
        assert on(dev, "records", "delete", "below_zero", "--yes", "--", "-5").code == 0

    def test_numbered_records(self, dev: RunningDev) -> None:
        make(dev, "numbered", COLUMNS, [{"code": "x"}])
        assert "_id\t1" in on(dev, "records", "get", "numbered", "1").out

    def test_numbers_stay_as_they_are(self, dev: RunningDev) -> None:
        facts = '{"n": 0.10, "big": 123456789012345678901234567890}'
        big = f'{{"code": "1", "price": "12345678901234567890.10", "facts": {facts}}}'
        make(dev, "exact", COLUMNS, key=["code"])
        assert on(dev, "records", "add", "exact", big).code == 0
        done = on(dev, "records", "get", "exact", "1")
        assert "price\t12345678901234567890.10" in done.out
        assert '{"n":0.10,"big":123456789012345678901234567890}' in done.out.replace(" ", "")

    def test_some_that_are_not_there(self, dev: RunningDev, many: str) -> None:
        done = on(dev, "records", "get", many, "0001", "nope", "0002", "--select", "code")
        assert done.code == 1
        assert [row["code"] for row in rows(done.out)] == ["0001", "0002"]
        assert "nope" in done.err

    def test_as_json(self, dev: RunningDev, many: str) -> None:
        done = on(dev, "records", "get", many, "0001", "--json")
        assert done.out == dev.request("GET", f"/datasets/{many}/records/0001").text + "\n"

    @pytest.mark.parametrize("key", [".", "..", ""])
    def test_keys_that_would_lead_elsewhere(self, dev: RunningDev, many: str, key: str) -> None:
        assert on(dev, "records", "get", many, key).code == 2
        assert on(dev, "records", "delete", many, key, "--yes").code == 2
        assert dev.request("GET", f"/datasets/{many}").status_code == 200


class TestQuery:
    def test_from_everywhere(self, dev: RunningDev, many: str, tmp_path: Path) -> None:
        query = '{"where": {"_or": [{"code": "0001"}, {"price": {"gte": 119}}]}, "select": ["code"]}'
        (tmp_path / "query.json").write_text("\ufeff" + query)
        for argument in (query, f"@{tmp_path / 'query.json'}", "-"):
            done = on(dev, "records", "query", many, argument, stdin=query)
            assert [row["code"] for row in rows(done.out)] == ["0001", "0119"], done.err
        assert on(dev, "records", "query", many, query, "--format", "csv").out == "code\n0001\n0119\n"

    def test_no_json(self, dev: RunningDev, many: str) -> None:
        done = on(dev, "records", "query", many, '{"where": ')
        assert done.code == 2
        assert "not JSON" in done.err


class TestWrites:
    def test_added_changed_deleted(self, dev: RunningDev, store: str) -> None:
        name = f"written_{store}"
        make(dev, name, COLUMNS, key=["code"], store=store)
        assert "2 records" in on(dev, "records", "add", name, '[{"code": "1"}, {"code": "2"}]').out
        assert "1 record is" in on(dev, "records", "add", name, "-", stdin='{"code": "3", "price": 0.10}').out
        assert "price\t7.00" in on(dev, "records", "change", name, "1", '{"price": "7"}').out
        refused = on(dev, "records", "delete", name, "1")
        assert (refused.code, "--yes" in refused.err) == (2, True)
        done = on(dev, "records", "delete", name, "1", "nope", "2", "--yes")
        assert done.code == 1
        assert "2 records are deleted" in done.out
        assert "nope" in done.err
        assert dev.request("GET", f"/datasets/{name}/records/3").json()["price"] == "0.10"

    def test_on_a_terminal_it_is_asked_for(self, dev: RunningDev) -> None:
        make(dev, "asked_for", COLUMNS, [{"code": "1"}], key=["code"])
        arguments = ("records", "delete", "asked_for", "1")
        variables = {"TOLVA_URL": dev.url, "TOLVA_KEY": ADMIN_KEY}
        assert on_terminal(*arguments, answer="\n", **variables).code == 1
        assert dev.request("GET", "/datasets/asked_for/records/1").status_code == 200
        assert on_terminal(*arguments, answer="yes\n", **variables).code == 0
        assert dev.request("GET", "/datasets/asked_for/records/1").status_code == 404

    def test_a_key_that_may_only_read(self, dev: RunningDev, many: str) -> None:
        key = make_key(dev, "read", datasets=[many])
        done = on(dev, "records", "add", many, '{"code": "x"}', key=key)
        assert done.code == 1
        assert "scope 'write'" in done.err
        assert "--profile" in done.err


class TestCount:
    def test_those_that_match(self, dev: RunningDev, many: str) -> None:
        assert on(dev, "records", "count", many, "price__lt=10").out == "10\n"
        assert json.loads(on(dev, "records", "count", many, "--json").out)["count"] == 120


class TestTables:
    def test_values_do_not_control_the_terminal(self, dev: RunningDev) -> None:
        hostile = "\x1b]0;owned\x07\x1b[2J\u202eabc\x9b31m\r\n\tx"
        make(dev, "hostile", COLUMNS, [{"code": hostile, "facts": {"a": hostile}}])
        variables = {"TOLVA_URL": dev.url, "TOLVA_KEY": ADMIN_KEY}
        for arguments in ([], ["--format", "csv"], ["--json"]):
            shown = on_terminal("records", "list", "hostile", *arguments, **variables).out
            assert "owned" in shown
            assert not set(shown) & set("\x1b\x07\x9b\u202e")
        got = on_terminal("records", "get", "hostile", "1", **variables).out
        assert not set(got) & set("\x1b\x07\x9b\u202e")
        piped = on(dev, "records", "list", "hostile").out
        assert "\x1b" not in piped
        assert len(piped.splitlines()) == 2
        # What is for programs is as it is.
        assert hostile in on(dev, "records", "list", "hostile", "--format", "csv").out

    def test_no_cell_is_cut(self, dev: RunningDev) -> None:
        columns = [{"name": f"column_{n}", "type": "text"} for n in range(30)]
        make(dev, "wide", columns, [{f"column_{n}": f"{'long ' * 20}{n}." for n in range(30)}])
        shown = on_terminal("records", "list", "wide", TOLVA_URL=dev.url, TOLVA_KEY=ADMIN_KEY).out
        assert "…" not in shown
        assert all(f"column_{n}" in shown and f" {n}." in shown for n in range(30))
        assert all(len(line) <= 80 for line in shown.splitlines())
