"""`tolva datasets` against a running Tolva."""

import json

import pytest

from tests.cli.calls import make, make_key, on, on_terminal, rows
from tests.local.running import ADMIN_KEY, RunningDev

COLUMNS = [
    {"name": "code", "type": "text", "label": "Code"},
    {"name": "price", "type": "decimal", "precision": 9, "scale": 2, "description": "without tax"},
    {"name": "note", "type": "text"},
]
RECORDS = [{"code": "1", "price": "1.50", "note": "7"}, {"code": "2", "price": None, "note": "8"}]


class TestList:
    def test_alone_or_by_name(self, dev: RunningDev) -> None:
        make(dev, "listed", COLUMNS, RECORDS, key=["code"], title="Tab\there")
        make(dev, "listed_without_columns", [])
        for arguments in (["datasets"], ["datasets", "list"]):
            found = {row["name"]: row for row in rows(on(dev, *arguments).out)}
            assert found["listed"]["key"] == "code"
            assert found["listed"]["title"] == "Tab\\there"
            assert found["listed_without_columns"]["records"] == "0"

    def test_as_json(self, dev: RunningDev) -> None:
        # A bound stays as precise as it was said.
        make(dev, "listed_as_json", [{"name": "a", "type": "number", "min": 0.25}, *COLUMNS])
        done = on(dev, "datasets", "--json")
        assert (done.code, done.err) == (0, "")
        listed = json.loads(done.out)
        assert listed["next"] is None
        shown = next(one for one in listed["data"] if one["name"] == "listed_as_json")
        assert shown == dev.request("GET", "/datasets/listed_as_json").json()
        assert dev.request("GET", "/datasets/listed_as_json").text in done.out

    def test_a_restricted_key_sees_its_own(self, dev: RunningDev) -> None:
        make(dev, "seen", COLUMNS)
        make(dev, "unseen", COLUMNS)
        done = on(dev, "datasets", key=make_key(dev, "read", datasets=["seen"]))
        assert [row["name"] for row in rows(done.out)] == ["seen"]

    def test_nothing_there(self, dev: RunningDev) -> None:
        done = on(dev, "datasets", key=make_key(dev, "read", datasets=["nothing_of_this_name"]))
        assert (done.code, rows(done.out)) == (0, [])
        assert "tolva import" in done.err
        assert on(dev, "datasets", "-q", key=make_key(dev, "read", datasets=["nothing_of_this_name"])).err == ""


class TestShow:
    def test_columns_key_and_counts(self, dev: RunningDev, store: str) -> None:
        name = f"shown_{store}"
        make(dev, name, COLUMNS, RECORDS, key=["code"], store=store)
        done = on(dev, "datasets", "show", name)
        assert done.code == 0
        assert "price\tdecimal(9,2)\t\tyes\t\twithout tax" in done.out
        assert "code\ttext\tyes\t\tCode\t" in done.out
        assert f"records\t{'2' if store == 'relational' else 'not counted'}" in done.out
        answer = on(dev, "datasets", "show", name, "--json").out
        assert answer == dev.request("GET", f"/datasets/{name}").text + "\n"

    def test_a_key_of_two_columns(self, dev: RunningDev) -> None:
        make(dev, "shown_pair", COLUMNS, key=["note", "code"])
        done = on(dev, "datasets", "show", "shown_pair")
        assert "key\tnote, code" in done.out
        assert "note\ttext\t1" in done.out
        assert "code\ttext\t2" in done.out

    def test_no_columns_yet(self, dev: RunningDev) -> None:
        make(dev, "shown_empty", [])
        done = on(dev, "datasets", "show", "shown_empty")
        assert done.code == 0
        assert "records\t0" in done.out

    def test_a_name_that_is_not_there(self, dev: RunningDev) -> None:
        make(dev, "nearly", [])
        done = on(dev, "datasets", "show", "nearli")
        assert done.code == 1
        assert "Did you mean 'nearly'?" in done.err

    @pytest.mark.parametrize("name", ["", ".", ".."])
    def test_a_name_that_would_lead_elsewhere(self, dev: RunningDev, name: str) -> None:
        done = on(dev, "datasets", "show", name)
        assert done.code == 2
        assert "not the name of a dataset" in done.err

    @pytest.mark.parametrize("name", ["a/b", "%2e%2e", "Ünïcode", "a b?c#d", "\x1b[31m"])
    def test_odd_names_are_names(self, dev: RunningDev, name: str) -> None:
        done = on(dev, "datasets", "show", name)
        assert done.code == 1
        assert "\x1b" not in done.err

    def test_as_people_see_it(self, dev: RunningDev) -> None:
        make(dev, "shown_wide", COLUMNS, RECORDS, key=["code"])
        done = on_terminal("datasets", "show", "shown_wide", TOLVA_URL=dev.url, TOLVA_KEY=ADMIN_KEY)
        assert "decimal(9,2)" in done.out
        assert all(len(line) <= 80 for line in done.out.splitlines())


class TestCreate:
    def test_with_columns(self, dev: RunningDev, store: str) -> None:
        name = f"made_{store}"
        arguments = ["--column", "a=text", "--column", "b=decimal(9,2)", "--key", "a", "--store", store]
        done = on(dev, "datasets", "create", name, *arguments, "--title", "Made")
        assert done.code == 0, done.err
        made = dev.request("GET", f"/datasets/{name}").json()
        assert (made["key"], made["store"], made["title"]) == (["a"], store, "Made")
        assert [column["type"] for column in made["columns"]] == ["text", "decimal"]

    def test_with_a_body(self, dev: RunningDev) -> None:
        body = '{"columns": [{"name": "a", "type": "integer", "min": 1}]}'
        done = on(dev, "datasets", "create", "made_of_body", "--body", "-", "--json", stdin=body)
        assert json.loads(done.out)["columns"][0]["min"] == 1

    def test_of_the_store_that_the_body_names(self, dev: RunningDev) -> None:
        body = '{"store": "keyvalue", "columns": [{"name": "a", "type": "text"}], "key": ["a"]}'
        done = on(dev, "datasets", "create", "kept_of_body", "--body", body, "--column", "b=integer", "--json")
        assert done.code == 0, done.err
        made = json.loads(done.out)
        assert (made["store"], [column["name"] for column in made["columns"]]) == ("keyvalue", ["a", "b"])

    def test_a_name_that_is_taken(self, dev: RunningDev) -> None:
        make(dev, "taken", [])
        done = on(dev, "datasets", "create", "taken")
        assert (done.code, "taken" in done.err) == (1, True)

    @pytest.mark.parametrize("column", ["a", "=text", "a=", "a=decimal(1)"])
    def test_columns_that_are_none(self, dev: RunningDev, column: str) -> None:
        assert on(dev, "datasets", "create", "never", "--column", column).code == 2


class TestChange:
    def test_columns(self, dev: RunningDev) -> None:
        make(dev, "changed", COLUMNS, RECORDS)
        arguments = [
            "--rename",
            "code=sku",
            "--type",
            "note=integer",
            "--key",
            "sku",
            "--title",
            "New",
            "--drop",
            "price",
        ]
        more = ["--add", "stock=integer", "--fill", "stock=3", "--label", "code=SKU=1", "--about", "note=a = b"]
        done = on(dev, "datasets", "change", "changed", *arguments, *more)
        assert done.code == 0, done.err
        assert "sku\ttext" in done.out
        changed = dev.request("GET", "/datasets/changed").json()
        assert (changed["title"], changed["key"]) == ("New", ["sku"])
        assert changed["columns"][0]["label"] == "SKU=1"
        assert changed["columns"][1]["description"] == "a = b"
        assert dev.request("GET", "/datasets/changed/records/1").json() == {"sku": "1", "note": 7, "stock": 3}

    def test_conventions_go_with_the_type(self, dev: RunningDev) -> None:
        make(dev, "changed_money", [{"name": "total", "type": "text"}], [{"total": "1.228,55 €"}, {"total": "n/a"}])
        arguments = ["--type", "total=decimal(9,2)", "--unit", "total=€", "--null", "total=n/a"]
        refused = on(dev, "datasets", "change", "changed_money", "--type", "total=decimal(9,2)")
        assert refused.code == 1
        separators = ["--decimal-separator", "total=,", "--thousands-separator", "total=."]
        done = on(dev, "datasets", "change", "changed_money", *arguments, *separators)
        assert done.code == 0, done.err
        data = dev.request("GET", "/datasets/changed_money/records").json()["data"]
        assert [record["total"] for record in data] == ["1228.55", None]

    def test_a_fill_is_of_the_columns_type(self, dev: RunningDev) -> None:
        make(dev, "filled", COLUMNS, [{"code": "1"}], key=["code"])
        done = on(dev, "datasets", "change", "filled", "--fill", "note=5", "--fill", "price=2.50", "--require", "note")
        assert done.code == 0, done.err
        assert dev.request("GET", "/datasets/filled/records/1").json() == {"code": "1", "price": "2.50", "note": "5"}

    def test_everything_else_by_a_body(self, dev: RunningDev) -> None:
        make(dev, "changed_by_body", COLUMNS)
        body = '{"indexes": [{"search": true}], "columns": {"price": {"min": 0}}}'
        done = on(dev, "datasets", "change", "changed_by_body", "--body", body, "--drop", "note", "--json")
        assert done.code == 0, done.err
        changed = json.loads(done.out)
        assert [column["name"] for column in changed["columns"]] == ["code", "price"]
        assert changed["columns"][1]["min"] in (0, "0", "0.00")

    def test_what_a_body_says_of_a_column_stays_beside_the_flags(self, dev: RunningDev) -> None:
        make(dev, "changed_by_both", COLUMNS)
        body = '{"columns": {"price": {"min": 0}}, "add_columns": [{"name": "stock", "type": "integer"}]}'
        flags = ["--label", "price=Price", "--add", "color=text"]
        done = on(dev, "datasets", "change", "changed_by_both", "--body", body, *flags, "--json")
        assert done.code == 0, done.err
        columns = json.loads(done.out)["columns"]
        assert [column["name"] for column in columns] == ["code", "price", "note", "stock", "color"]
        assert columns[1]["min"] in (0, "0", "0.00")
        assert columns[1]["label"] == "Price"

    def test_units_are_removed(self, dev: RunningDev) -> None:
        make(dev, "without_units", [{"name": "price", "type": "integer", "units": ["€"]}])
        done = on(dev, "datasets", "change", "without_units", "--unit", "price=", "--json")
        assert done.code == 0, done.err
        assert not json.loads(done.out)["columns"][0].get("units")

    def test_a_dry_run_changes_nothing(self, dev: RunningDev) -> None:
        make(dev, "unchanged", COLUMNS)
        done = on(dev, "datasets", "change", "unchanged", "--drop", "note", "--dry-run")
        assert done.code == 0
        assert "nothing was changed" in done.out
        assert len(dev.request("GET", "/datasets/unchanged").json()["columns"]) == 3

    def test_a_title_is_removed(self, dev: RunningDev) -> None:
        make(dev, "untitled", COLUMNS, title="Old")
        assert on(dev, "datasets", "change", "untitled", "--title", "").code == 0
        assert dev.request("GET", "/datasets/untitled").json()["title"] is None

    def test_a_key_that_may_not(self, dev: RunningDev) -> None:
        make(dev, "not_mine", COLUMNS)
        done = on(dev, "datasets", "change", "not_mine", "--title", "x", key=make_key(dev, "read"))
        assert done.code == 1
        assert "scope 'admin'" in done.err
        assert "TOLVA_KEY" in done.err
        assert "--api-key" in done.err

    @pytest.mark.parametrize(
        "arguments",
        [
            [],
            ["--rename", "a"],
            ["--type", "a=De Cimal"],
            ["--body", "{"],
            ["--body", "[]"],
            ["--body", "@/nonexistent"],
        ],
    )
    def test_what_cannot_be_meant(self, dev: RunningDev, arguments: list[str]) -> None:
        assert on(dev, "datasets", "change", "any", *arguments).code == 2


class TestDelete:
    def test_it_is_asked_for(self, dev: RunningDev, store: str) -> None:
        name = f"deleted_{store}"
        make(dev, name, COLUMNS, RECORDS, key=["code"], store=store)
        refused = on(dev, "datasets", "delete", name)
        assert refused.code == 2
        assert "--yes" in refused.err
        assert dev.request("GET", f"/datasets/{name}/records/1").status_code == 200
        assert on(dev, "datasets", "delete", name, "--yes").code == 0
        assert dev.request("GET", f"/datasets/{name}").status_code == 404

    def test_on_a_terminal_its_name_is_typed(self, dev: RunningDev) -> None:
        make(dev, "deleted_by_hand", COLUMNS, RECORDS)
        variables = {"TOLVA_URL": dev.url, "TOLVA_KEY": ADMIN_KEY}
        refused = on_terminal("datasets", "delete", "deleted_by_hand", answer="yes\n", **variables)
        assert refused.code == 1
        assert dev.url in refused.out
        assert "nothing was done" in refused.out
        assert dev.request("GET", "/datasets/deleted_by_hand").status_code == 200
        done = on_terminal("datasets", "delete", "deleted_by_hand", answer="deleted_by_hand\n", **variables)
        assert done.code == 0, done.out
        assert dev.request("GET", "/datasets/deleted_by_hand").status_code == 404

    def test_one_that_is_not_there(self, dev: RunningDev) -> None:
        assert on(dev, "datasets", "delete", "absent", "--yes").code == 1
