"""Options of columns from when their file is announced: names, types, conventions, constraints, omissions, the key."""

from typing import Any

import pytest
from httpx import AsyncClient
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from app.imports.choices import ColumnChoice
from app.imports.errors import ColumnOptionsInvalid, OptionsMismatch
from app.imports.inference.selection import name_formats, select_columns
from tests.imports.conftest import Document, Importer, types
from tests.imports.engine import read_file
from tests.imports.test_router import problem

ORDERS = "Order no,Unit price,qty,notes\n001,1.50,2,a\n002,20.00,x,b\n"


def choice(label: str, **members: Any) -> Document:
    return {"label": label, **members}


def refused(shown: Document) -> str:
    """The problem of a failed import with choices."""
    assert shown["status"] == "failed", shown
    assert shown["problem"]["type"] == "/problems/column-options-invalid", shown["problem"]
    return f"{shown['problem']['detail']} {shown['problem'].get('hint')}"


class TestChoice:
    @pytest.mark.parametrize(
        ("members", "reason"),
        [
            ({"omit": True, "type": "text"}, "`omit` and `type` do not go together"),
            ({"name": "ctid"}, "keeps for itself"),
            ({"name": "Unit price"}, "not a legal name"),
            ({"precision": 5}, "both `precision` and `scale`"),
            ({"precision": 5, "scale": 2}, "belong to decimal"),
            ({"type": "boolean", "min": 3}, "`min` does not go with boolean"),
            ({"type": "integer", "units": ["5"]}, "is no unit"),
            ({"type": "date", "date_format": "DD.MM"}, "no date format"),
            ({"type": "decimal", "precision": 3, "scale": 1, "max": 0.55}, "does not fit decimal"),
            ({"typ": "text"}, "Extra inputs"),
        ],
    )
    def test_what_does_not_fit_together_is_refused(self, members: dict[str, Any], reason: str) -> None:
        with pytest.raises(ValidationError, match=reason):
            ColumnChoice.model_validate({"label": "a", **members})

    def test_a_decimal_may_leave_its_size_to_the_file(self) -> None:
        assert ColumnChoice.model_validate({"label": "a", "type": "decimal", "min": "0.005"}).type == "decimal"


class TestSelection:
    def test_by_label_or_else_by_name(self) -> None:
        chosen = [ColumnChoice(label=label, required=True) for label in ("unit_price", " Notes ", "qty")]
        assert list(select_columns(["Unit price", "Notes", "qty"], chosen).choices) == [0, 1, 2]
        assert list(select_columns(["A", "a"], [ColumnChoice(label="a")]).choices) == [1]

    @pytest.mark.parametrize(
        ("labels", "label", "reason"),
        [
            (["total", "day"], "totl", "no column 'totl'. Did you mean 'total'?"),
            (["a", "a"], "a", "The file has 2 columns 'a'"),
            (["", "b", ""], "", "The file has 2 columns ''"),
        ],
    )
    def test_no_column_or_several(self, labels: list[str], label: str, reason: str) -> None:
        with pytest.raises(ColumnOptionsInvalid, match=reason.replace("?", r"\?")):
            select_columns(labels, [ColumnChoice(label=label)])

    def test_two_choices_of_one_column(self) -> None:
        with pytest.raises(ColumnOptionsInvalid, match="Two choices are about the column 'Unit price'"):
            select_columns(["Unit price"], [ColumnChoice(label="Unit price"), ColumnChoice(label="unit_price")])

    def test_formats_are_given_by_label_or_name(self) -> None:
        labels, names = ["Fecha Alta", "day"], ["fecha_alta", "day"]
        given = {"Fecha Alta": "DD/MM/YYYY", "day": "MM/DD/YYYY"}
        assert name_formats(given, labels, names) == {"fecha_alta": "DD/MM/YYYY", "day": "MM/DD/YYYY"}
        assert name_formats({"fecha_alta": "DD/MM/YYYY"}, labels, names) == {"fecha_alta": "DD/MM/YYYY"}
        assert name_formats({"until": "DD/MM/YYYY"}, labels, names, ["until"]) == {}
        with pytest.raises(OptionsMismatch, match="'dia', and no column is called so"):
            name_formats({"dia": "DD/MM/YYYY"}, labels, names)


class TestFile:
    """Run the pure stages on a file with choices."""

    @pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
    def test_a_column_in_the_middle_is_left_out(self, delimiter: str) -> None:
        content = "a,b,c\n1,x,3\n2,y,z\n".replace(",", delimiter)
        made = read_file(content, choices=[choice("b", omit=True), choice("c", type="integer")])
        assert [column.name for column in made.columns] == ["a", "c"]
        assert made.rows == [{"a": 1, "c": 3}]
        assert [(row["line"], row["column"], row["value"]) for row in made.rejections] == [(3, "c", "z")]

    def test_what_is_left_out_may_hold_anything_but_its_place(self) -> None:
        content = b"a,b,c\n1,\xff\xfe,3\n2,\x00,4\n3,4\n"
        made = read_file(content, choices=[choice("b", omit=True)], encoding="utf-8", delimiter=",", header=True)
        assert made.rows == [{"a": 1, "c": 3}, {"a": 2, "c": 4}]
        assert [(row["line"], row["code"]) for row in made.rejections] == [(4, "too_few_fields")]

    def test_a_fault_behind_it_names_its_column(self) -> None:
        content = b"a,b,c\n1,x,\xff\n2,y,4\n"
        made = read_file(content, choices=[choice("b", omit=True)], encoding="utf-8", delimiter=",", header=True)
        assert [(row["column"], row["code"]) for row in made.rejections] == [("c", "invalid_encoding")]

    def test_without_a_header_columns_are_chosen_by_place(self) -> None:
        made = read_file(
            "1,x,2.5\n2,y,3.5\n", header=False, choices=[choice("column_2", omit=True), choice("column_3", name="n")]
        )
        assert made.rows == [{"column_1": 1, "n": 2.5}, {"column_1": 2, "n": 3.5}]

    def test_a_decimal_is_read_as_its_cells_prove_and_others_are_rejected(self) -> None:
        rows = "".join(f"{number};1.234,5{number % 10}\n" for number in range(60))
        made = read_file(f"id;total\n{rows}60;soon\n", choices=[choice("total", type="decimal")])
        total = made.columns[1]
        assert (total.decimal_separator, total.thousands_separator, total.scale) == (",", ".", 2)
        assert made.rows[1]["total"] == 123451
        assert [fault["line"] for fault in made.rejections] == [62]

    def test_a_decimal_gets_its_size_from_the_cells_that_fit(self) -> None:
        content = "a,b\n1,1.5\n2,ninety\n3,1234567890123.12345\n4,\n5,7\n"
        (column,) = read_file(content, choices=[choice("a", omit=True), choice("b", type="decimal")]).columns
        assert (column.precision, column.scale) == (18, 5)

    @pytest.mark.parametrize("block", [1, 7, 64])
    def test_it_does_not_matter_how_the_file_is_cut(self, block: int) -> None:
        content = "id,b,,\n" + "".join(f"{n},{n / 8},,\n" for n in range(50)) + "51,x,,\n"
        said = [choice("b", type="decimal", min=0)]
        whole, cut = read_file(content, choices=said), read_file(content, choices=said, block=block)
        assert (cut.columns, cut.rows, cut.rejections) == (whole.columns, whole.rows, whole.rejections)

    @given(st.data())
    def test_any_columns_may_be_left_out(self, data: st.DataObject) -> None:
        width = data.draw(st.integers(2, 6))
        omitted = data.draw(st.sets(st.integers(0, width - 1), max_size=width - 1))
        rows = data.draw(st.lists(st.lists(st.integers(0, 99), min_size=width, max_size=width), min_size=1, max_size=8))
        lines = [[f"c{place}" for place in range(width)], *([str(cell) for cell in cells] for cells in rows)]
        content = "".join(",".join(cells) + "\n" for cells in lines)
        said = [choice(f"c{place}", omit=True) for place in omitted]
        made = read_file(content, header=True, delimiter=",", choices=said)
        kept = [place for place in range(width) if place not in omitted]
        assert made.rows == [{f"c{place}": cells[place] for place in kept} for cells in rows]


class TestUnnamed:
    def test_a_column_without_a_name_and_a_value_is_left_out(self) -> None:
        made = read_file("a,b,\n1,2,\n3,4,\n")
        assert made.rows == [{"a": 1, "b": 2}, {"a": 3, "b": 4}]

    @pytest.mark.parametrize("cell", ["", " ", '""'])
    def test_in_the_middle_and_whatever_is_empty(self, cell: str) -> None:
        made = read_file(f"a,,b\n1,{cell},2\n3,{cell},4\n", header=True, delimiter=",")
        assert [column.name for column in made.columns] == ["a", "b"]

    def test_one_with_a_value_is_called_by_its_place(self) -> None:
        made = read_file("a,b,\n1,2,\n3,4,x\n")
        assert made.rows == [{"a": 1, "b": 2, "column_3": None}, {"a": 3, "b": 4, "column_3": "x"}]

    async def test_it_is_told_of(self, importer: Importer) -> None:
        shown = await importer("d", "a,b,\n1,2,\n3,4,\n")
        assert types(shown) == {"a": "integer", "b": "integer"}
        assert any("column 3 has no name and no value" in warning for warning in shown["warnings"])
        shown = await importer("d", "a,b,\n5,6,\n7,8,x\n", on_reject="skip")
        assert [(row["line"], row["code"], row["value"]) for row in shown["rejections"]] == [
            (3, "value_without_column", "x")
        ]
        assert [record["a"] for record in await importer.records("d")] == [1, 3, 5]

    async def test_a_value_far_behind_gives_it_a_column(self, importer: Importer, client: AsyncClient) -> None:
        rows = [f"{number},{number % 7}," for number in range(1, 100_001)]
        rows[-1] += "x"
        shown = await importer("late", "id,n,\n" + "\n".join(rows) + "\n")
        assert types(shown) == {"id": "integer", "n": "integer", "column_3": "text"}
        assert (await client.get("/datasets/late/records/100000")).json()["column_3"] == "x"


class TestNewDataset:
    async def test_names_types_constraints_and_omissions(self, importer: Importer, client: AsyncClient) -> None:
        said = [
            choice("Order no", name="number", description="of the order"),
            choice("Unit price", name="price", type="decimal", min=0),
            choice("qty", type="integer", required=True),
            choice("notes", omit=True),
        ]
        shown = await importer("orders", ORDERS, columns=said, key=["number"], on_reject="skip")
        assert shown["status"] == "succeeded", shown
        assert [(row["line"], row["column"], row["code"]) for row in shown["rejections"]] == [(3, "qty", "not_integer")]
        assert shown["renamed"] == {"Order no": "number", "Unit price": "price"}
        assert (shown["choices"], shown["key"]) == (said, ["number"])
        dataset = await importer.dataset("orders")
        assert dataset["key"] == ["number"]
        assert dataset["columns"] == [
            {
                "name": "number",
                "type": "text",
                "required": True,
                "unique": False,
                "label": "Order no",
                "description": "of the order",
            },
            {
                "name": "price",
                "type": "decimal",
                "decimal_separator": ".",
                "precision": 12,
                "scale": 2,
                "required": False,
                "unique": False,
                "min": 0,
                "label": "Unit price",
            },
            {"name": "qty", "type": "integer", "required": True, "unique": False, "label": "qty"},
        ]
        assert await importer.records("orders") == [{"number": "001", "price": "1.50", "qty": 2}]

    async def test_the_same_announcement_does_for_the_next_file(self, importer: Importer) -> None:
        said = [choice("Unit price", name="price", type="decimal", min=0), choice("notes", omit=True)]
        first = await importer("orders", "Order no,Unit price,notes\n1,1.50,a\n", columns=said, key=["order_no"])
        second = await importer("orders", "Order no,Unit price,notes\n2,2.50,b\n", columns=said, key=["order_no"])
        assert (first["status"], second["status"]) == ("succeeded", "succeeded"), second
        assert await importer.records("orders") == [{"order_no": 1, "price": "1.50"}, {"order_no": 2, "price": "2.50"}]

    @pytest.mark.parametrize(
        ("said", "reason"),
        [
            ([choice("Unit prise", type="decimal")], "no column 'Unit prise'. Did you mean 'Unit price'?"),
            ([choice("qty", name="notes")], "'qty' is to be called 'notes', which is the header of another column"),
            ([choice("Unit price", pattern="a")], "'Unit price', which is decimal: `pattern` goes with text"),
            ([choice("qty", type="integer", references="nothing")], "'nothing', which is no other dataset"),
        ],
    )
    async def test_what_does_not_fit_the_file_loads_nothing(
        self, importer: Importer, said: list[Document], reason: str
    ) -> None:
        assert reason in refused(await importer("orders", ORDERS, columns=said))
        assert (await importer.dataset("orders"))["columns"] == []

    async def test_names_may_be_exchanged(self, importer: Importer) -> None:
        await importer("d", "a,b\n1,x\n", columns=[choice("a", name="b"), choice("b", name="a")])
        assert await importer.records("d") == [{"b": 1, "a": "x"}]

    async def test_a_constraint_without_a_type_goes_with_the_one_that_is_inferred(self, importer: Importer) -> None:
        rows = [f"{number}," for number in range(1, 100_001)]
        rows[-1] += "-5"
        shown = await importer("d", "id,n\n" + "\n".join(rows) + "\n", columns=[choice("n", min=0)], on_reject="skip")
        assert [(row["line"], row["code"]) for row in shown["rejections"]] == [(100_001, "min")]

    async def test_a_unique_column_and_a_reference(self, importer: Importer, client: AsyncClient) -> None:
        await importer("makers", "id,name\n1,x\n2,y\n")
        said = [choice("ean", type="integer", unique=True), choice("maker", references="makers")]
        content = "id,ean,maker\n1,5,1\n2,5,1\n3,6,9\n4,7,2\n"
        shown = await importer("things", content, columns=said, on_reject="skip")
        assert [(row["line"], row["column"], row["code"]) for row in shown["rejections"]] == [
            (3, "ean", "repeated_value"),
            (4, "maker", "reference_missing"),
        ]
        assert [record["id"] for record in await importer.records("things")] == [1, 4]
        assert (await client.delete("/datasets/makers?confirm=makers")).status_code == 409

    async def test_conventions_of_a_column(self, importer: Importer) -> None:
        content = "id,ok,day,qty\n1,ja,03/04/2024,5\n2,nein,05/06/2024,n.v.\n"
        said = [
            choice("ok", booleans=["ja", "nein"]),
            choice("day", date_format="DD/MM/YYYY"),
            choice("qty", nulls=["n.v."]),
        ]
        shown = await importer("d", content, columns=said)
        assert types(shown) == {"id": "integer", "ok": "boolean", "day": "date", "qty": "integer"}
        assert await importer.records("d") == [
            {"id": 1, "ok": True, "day": "2024-04-03", "qty": 5},
            {"id": 2, "ok": False, "day": "2024-06-05", "qty": None},
        ]

    @pytest.mark.parametrize(
        ("label", "content"), [("Fecha Alta", "id,Fecha Alta\n"), ("fecha_alta", "id,Fecha Alta\n")]
    )
    async def test_a_date_format_by_label_or_name(self, importer: Importer, label: str, content: str) -> None:
        rows = "1,01/02/2024\n2,03/04/2024\n"
        shown = await importer("d", content + rows, options={"date_format": {label: "DD/MM/YYYY"}})
        assert types(shown)["fecha_alta"] == "date", shown
        assert [record["fecha_alta"] for record in await importer.records("d")] == ["2024-02-01", "2024-04-03"]

    async def test_a_date_format_of_no_column(self, importer: Importer) -> None:
        shown = await importer("d", "id,day\n1,2\n", options={"date_format": {"dya": "DD/MM/YYYY"}})
        assert shown["problem"]["type"] == "/problems/options-mismatch"
        assert "'dya', and no column is called so. Did you mean 'day'?" in shown["problem"]["detail"]


class TestKey:
    async def test_a_key_of_two_columns(self, importer: Importer) -> None:
        shown = await importer("d", "a,b,c\n1,1,x\n1,2,y\n1,2,z\n", key=["b", "a"], on_reject="skip")
        assert [(row["line"], row["code"]) for row in shown["rejections"]] == [(4, "repeated_key")]
        assert (await importer.dataset("d"))["key"] == ["b", "a"]

    async def test_none(self, importer: Importer) -> None:
        await importer("d", "id,b\n1,1\n", key=[])
        assert (await importer.dataset("d"))["key"] == []
        assert await importer.records("d") == [{"_id": 1, "id": 1, "b": 1}]

    async def test_a_null_in_it_is_a_rejection(self, importer: Importer) -> None:
        shown = await importer("d", "a,b\n1,x\n,y\n", key=["a"], on_reject="skip")
        assert [(row["line"], row["column"], row["code"]) for row in shown["rejections"]] == [(3, "a", "required")]

    @pytest.mark.parametrize(
        ("key", "reason"), [(["qy"], "'qy', which is no column. Did you mean 'qty'?"), (["j"], "cannot be a key: json")]
    )
    async def test_one_that_cannot_be(self, importer: Importer, key: list[str], reason: str) -> None:
        shown = await importer("d", "qty,j\n1,{}\n", key=key, columns=[choice("j", type="json")])
        assert shown["problem"]["type"] == "/problems/key-columns-invalid"
        assert reason in shown["problem"]["detail"]

    async def test_another_one_than_the_datasets(self, importer: Importer, client: AsyncClient) -> None:
        await importer("d", "id,b\n1,1\n")
        for key in (["b"], ["id", "b"], []):
            response = await client.post("/datasets/d/imports", json={"filename": "a.csv", "key": key})
            assert problem(response) == (422, "key-columns-invalid")
        assert (await importer("d", "id,b\n2,1\n", key=["id"]))["status"] == "succeeded"

    async def test_the_dataset_has_got_another_one_meanwhile(self, importer: Importer) -> None:
        announced = await importer.announce("d", b"id,b\n1,2\n", key=["b"])
        await importer("d", "id,b\n3,4\n")
        assert (await importer.show(announced["id"]))["status"] == "succeeded"
        assert (await importer.dataset("d"))["key"] == ["b"]

    @pytest.mark.parametrize(("key", "count"), [([], 0), (["a", "b", "c"], 3)])
    async def test_of_a_key_value_dataset(
        self, importer: Importer, client: AsyncClient, key: list[str], count: int
    ) -> None:
        await client.post("/datasets", json={"name": "kv", "store": "keyvalue"})
        importer._made.add("kv")
        response = await client.post("/datasets/kv/imports", json={"filename": "a.csv", "key": key})
        assert problem(response) == (422, "key-columns-invalid")
        assert f"not of {count}" in response.json()["detail"]
        said = [choice("c", omit=True), choice("n", name="number", type="integer")]
        content = "a,b,c,n\nx,1,q,1\nx,2,q,2\nx,2,q,3\n"
        shown = await importer("kv", content, key=["a", "b"], columns=said, on_reject="skip")
        assert [(row["line"], row["code"]) for row in shown["rejections"]] == [(4, "repeated_key")], shown
        assert (await client.get("/datasets/kv/records/x,2")).json() == {"a": "x", "b": 2, "number": 2}


class TestKnownDataset:
    @pytest.fixture(params=["relational", "keyvalue"])
    async def stock(self, request: pytest.FixtureRequest, importer: Importer, client: AsyncClient) -> Importer:
        columns = [
            {"name": "sku", "type": "text"},
            {"name": "price", "type": "decimal", "precision": 8, "scale": 2, "label": "Unit price"},
            {"name": "day", "type": "date"},
        ]
        body = {"name": "stock", "key": ["sku"], "columns": columns, "store": request.param}
        assert (await client.post("/datasets", json=body)).status_code == 201
        return importer

    async def test_a_name_maps_and_omit_leaves_out(self, stock: Importer, client: AsyncClient) -> None:
        said = [choice("Artikel", name="sku"), choice("Rest", omit=True), choice("day", date_format="DD.MM.YYYY")]
        shown = await stock("stock", "Rest,Artikel,day,Unit price\nq,a,31.12.2024,1.50\n", columns=said)
        assert shown["status"] == "succeeded", shown
        assert shown["renamed"] == {"Artikel": "sku", "Unit price": "price"}
        record = (await client.get("/datasets/stock/records/a")).json()
        assert record == {"sku": "a", "price": "1.50", "day": "2024-12-31"}
        # What the import says of its file is not the dataset's.
        assert "date_format" not in (await stock.dataset("stock"))["columns"][2]

    @pytest.mark.parametrize(
        ("options", "conventions"),
        [
            ({"thousands_separator": ","}, {"decimal_separator": ","}),
            ({"units": ["kg"]}, {"units": ["$"]}),
            ({"decimal_separator": "."}, {"decimal_separator": ",", "thousands_separator": "."}),
        ],
    )
    async def test_what_the_options_say_otherwise_is_refused(
        self, stock: Importer, options: Document, conventions: Document
    ) -> None:
        said = [choice("Unit price", **conventions)]
        content = "sku;Unit price\na;1\n"
        assert "which is for all columns" in refused(await stock("stock", content, columns=said, options=options))
        assert (await stock("stock", content, columns=said, options=dict.fromkeys(options)))["status"] == "succeeded"

    async def test_what_is_said_of_separators_needs_no_proof(self, stock: Importer, client: AsyncClient) -> None:
        changed = {"columns": {"price": {"decimal_separator": ",", "thousands_separator": "."}}}
        assert (await client.patch("/datasets/stock", json=changed)).status_code == 200
        content = "sku,Unit price\na,1.234\n"
        assert (await stock("stock", content))["status"] == "failed"
        said = [choice("Unit price", decimal_separator=",", thousands_separator=".")]
        assert (await stock("stock", content, columns=said))["status"] == "succeeded"
        assert (await client.get("/datasets/stock/records/a")).json()["price"] == "1234.00"

    async def test_what_they_say_besides_goes_with_it(self, stock: Importer, client: AsyncClient) -> None:
        said = [choice("Unit price", decimal_separator="."), choice("day", date_format="DD/MM/YYYY")]
        content = "sku;Unit price;day\na;1,234.50;01/02/2024\n"
        options = {"thousands_separator": ",", "date_format": {"day": "DD/MM/YYYY"}}
        assert (await stock("stock", content, columns=said, options=options))["status"] == "succeeded"
        assert (await client.get("/datasets/stock/records/a")).json()["price"] == "1234.50"
        options = {"date_format": {"day": "MM/DD/YYYY"}}
        assert "another format of dates" in refused(await stock("stock", content, columns=said, options=options))

    async def test_conventions_hold_for_this_file_alone(self, stock: Importer, client: AsyncClient) -> None:
        said = [choice("Unit price", decimal_separator=",", thousands_separator=".", nulls=["k.A."])]
        before = await stock.dataset("stock")
        content = "sku;Unit price\na;1.234,50\nb;k.A.\n"
        assert (await stock("stock", content, columns=said))["status"] == "succeeded"
        assert (await client.get("/datasets/stock/records/a")).json()["price"] == "1234.50"
        assert (await client.get("/datasets/stock/records/b")).json()["price"] is None
        assert (await stock.dataset("stock"))["columns"] == before["columns"]

    @pytest.mark.parametrize(
        ("said", "reason"),
        [
            ([choice("sku", type="integer")], "'sku' has type 'text' in the dataset, not 'integer'"),
            ([choice("Unit price", type="decimal", precision=9, scale=2)], "'price' has precision '8' in the dataset"),
            ([choice("day", required=True)], "'day' has required 'False' in the dataset"),
            ([choice("sku", name="code")], "'code', which the dataset does not have"),
            ([choice("sku", booleans=["a", "b"])], "`booleans` goes with boolean"),
            ([choice("zip", omit=True)], "no column 'zip'"),
        ],
    )
    async def test_what_the_dataset_says_otherwise_is_refused(
        self, stock: Importer, said: list[Document], reason: str
    ) -> None:
        assert reason in refused(await stock("stock", "sku,Unit price,day\na,1,2024-01-01\n", columns=said))

    async def test_a_column_that_it_lacks_names_the_way_out(self, stock: Importer) -> None:
        shown = await stock("stock", "sku,colour\na,red\n")
        assert shown["problem"]["type"] == "/problems/columns-mismatch"
        assert "--omit" in shown["problem"]["hint"]

    async def test_the_key_cannot_be_left_out(self, stock: Importer) -> None:
        shown = await stock("stock", "sku,day\na,2024-01-01\n", columns=[choice("sku", omit=True)])
        assert "lacks columns that the dataset requires: sku" in shown["problem"]["detail"]

    async def test_without_a_header(self, stock: Importer) -> None:
        said = [choice("column_1", name="price"), choice("column_2", omit=True), choice("column_3", name="sku")]
        shown = await stock("stock", "1.50,x,a\n2.50,y,b\n", columns=said, options={"header": False})
        assert shown["status"] == "succeeded", shown
        assert "only some" in refused(await stock("stock", "1.50,x,c\n", columns=said[:1], options={"header": False}))

    async def test_headers_that_differ_in_case_or_spaces(self, stock: Importer) -> None:
        shown = await stock("stock", "SKU,unit  PRICE\na,1.50\n")
        assert shown["status"] == "succeeded", shown
        assert "The header 'unit  PRICE' was taken for 'Unit price' (column price)." in shown["warnings"]


class TestAnnouncing:
    @pytest.mark.parametrize(
        ("body", "path", "message"),
        [
            ({"columns": [{"label": "a", "type": "money"}]}, "columns/0/type", "Did you mean 'decimal'?"),
            ({"columns": [{"label": "a", "nam": "b"}]}, "columns/0/nam", "no member 'nam'"),
            ({"columns": [{"name": "b"}]}, "columns/0/label", "missing"),
            ({"columns": [{"label": "a"}, {"label": "a"}]}, "", "wo choices are of the column 'a'"),
            ({"columns": [{"label": "a", "name": "c"}, {"label": "b", "name": "c"}]}, "", "call a column 'c'"),
            ({"key": ["a", "a"]}, "", "names a column twice"),
            ({"key": ["No Name"]}, "key/0", "'No Name' is not a legal name"),
            ({"infer_again": True}, "", "goes with mode=replace"),
        ],
    )
    async def test_what_does_not_fit_is_named(
        self, client: AsyncClient, body: Document, path: str, message: str
    ) -> None:
        await client.post("/datasets", json={"name": "prices"})
        response = await client.post("/datasets/prices/imports", json={"filename": "prices.csv", **body})
        assert problem(response) == (422, "request-invalid")
        errors = response.json()["errors"]
        assert any(error["path"].startswith(path) and message in error["message"] for error in errors), errors

    async def test_a_reference_needs_the_right_to_read_what_it_is_to(self, client: AsyncClient) -> None:
        for name in ("makers", "things"):
            await client.post("/datasets", json={"name": name})
        key = await client.post("/keys", json={"name": "k", "scopes": ["write"], "datasets": ["things"]})
        headers = {"Authorization": f"Bearer {key.json()['key']}"}
        body: Document = {"filename": "a.csv", "columns": [{"label": "maker", "references": "makers"}]}
        response = await client.post("/datasets/things/imports", json=body, headers=headers)
        assert problem(response) == (403, "scope-missing")
        body = {"filename": "a.csv", "mode": "replace", "infer_again": True}
        response = await client.post("/datasets/things/imports", json=body, headers=headers)
        assert problem(response) == (403, "scope-missing")


class TestHeaderOnly:
    @pytest.mark.parametrize("store", ["relational", "keyvalue"])
    async def test_the_columns_stay_open(self, importer: Importer, client: AsyncClient, store: str) -> None:
        await client.post("/datasets", json={"name": "d", "store": store})
        importer._made.add("d")
        shown = await importer("d", "id,name\n")
        assert (shown["status"], shown["columns"]) == ("succeeded", [])
        assert any("stay open" in warning for warning in shown["warnings"])
        assert (await importer.dataset("d"))["columns"] == []
        shown = await importer("d", "code,price\na,1.50\n")
        assert shown["status"] == "succeeded", shown
        assert types(await importer.dataset("d")) == {"code": "text", "price": "decimal"}

    async def test_a_later_one_adds_nothing(self, importer: Importer) -> None:
        await importer("d", "id,name\n1,x\n")
        shown = await importer("d", "id,name\n")
        assert (shown["status"], shown["result"]["added"]) == ("succeeded", 0)


class TestInferAgain:
    @pytest.fixture(params=["relational", "keyvalue"])
    async def stock(self, request: pytest.FixtureRequest, importer: Importer, client: AsyncClient) -> Importer:
        await client.post("/datasets", json={"name": "stock", "store": request.param})
        importer._made.add("stock")
        assert (await importer("stock", "id,name,price\n1,x,5\n2,y,6\n"))["status"] == "succeeded"
        return importer

    async def test_the_columns_are_settled_fresh(self, stock: Importer, client: AsyncClient) -> None:
        shown = await stock("stock", "sku,name,price\na,x,5.50\nb,y,7\n", mode="replace", infer_again=True)
        assert shown["status"] == "succeeded", shown
        assert types(await stock.dataset("stock")) == {"sku": "text", "name": "text", "price": "decimal"}
        assert (await stock.dataset("stock"))["key"] == ["sku"]
        said = next(warning for warning in shown["warnings"] if "inferred again" in warning)
        assert "gone: id; new: sku; changed: price is numeric(12,2), not bigint; the key is sku, not id" in said
        assert (await client.get("/datasets/stock/records/a")).json() == {"sku": "a", "name": "x", "price": "5.50"}
        assert (await client.get("/datasets/stock/records/1")).status_code == 404
        assert (await stock("stock", "sku,name,price\nc,z,1\n"))["status"] == "succeeded"

    async def test_with_choices(self, stock: Importer, client: AsyncClient) -> None:
        said = [choice("name", omit=True), choice("price", name="cost", type="integer")]
        body = {"mode": "replace", "infer_again": True, "columns": said, "key": ["cost"]}
        assert (await stock("stock", "id,name,price\n1,x,5\n", **body))["status"] == "succeeded"
        assert (await client.get("/datasets/stock/records/5")).json() == {"id": 1, "cost": 5}

    @pytest.mark.parametrize("content", ["sku,name,price\na,x\n", "sku,name,price\n", "sku,sku,sku\n"])
    async def test_one_that_fails_changes_nothing(self, stock: Importer, content: str) -> None:
        before = await stock.dataset("stock")
        for allow_empty in (False, True):
            shown = await stock("stock", content, mode="replace", infer_again=True, allow_empty=allow_empty)
            assert shown["status"] == "failed", shown
        assert await stock.dataset("stock") == before

    async def test_a_dry_run_changes_nothing(self, stock: Importer) -> None:
        before = await stock.dataset("stock")
        shown = await stock("stock", "sku,n\na,1\n", mode="replace", infer_again=True, dry_run=True)
        assert (shown["status"], types(shown)) == ("succeeded", {"sku": "text", "n": "integer"})
        assert await stock.dataset("stock") == before

    async def test_without_it_the_columns_stay(self, stock: Importer) -> None:
        assert (await stock("stock", "sku,n\na,1\n", mode="replace"))["status"] == "failed"


class TestInferAgainRelational:
    async def test_indexes_of_columns_that_stay_are_kept(self, importer: Importer, client: AsyncClient) -> None:
        await importer("d", "id,name,price\n1,x,5\n")
        indexes = [{"columns": ["name", "-price"]}, {"columns": ["price"]}, {"search": True}]
        assert (await client.patch("/datasets/d", json={"indexes": indexes})).status_code == 200
        shown = await importer("d", "id,cost,price\n1,5,x\n", mode="replace", infer_again=True)
        assert shown["warnings"][-1] == "The index over name, -price was dropped with its columns."
        declared = [index for index in (await importer.dataset("d"))["indexes"] if index["origin"] == "declared"]
        assert [(index.get("columns"), index.get("search")) for index in declared] == [(["price"], None), (None, True)]

    async def test_what_others_refer_to_is_refused(self, importer: Importer, client: AsyncClient) -> None:
        await importer("makers", "id,name\n1,x\n")
        await importer("things", "id,maker\n1,1\n", columns=[choice("maker", references="makers")])
        shown = await importer("makers", "id,name\n1,x\n", mode="replace", infer_again=True)
        assert shown["problem"]["type"] == "/problems/key-referenced"
        assert "things" not in shown["problem"]["detail"]
        assert (await importer("makers", "id,name\n1,y\n", mode="replace"))["status"] == "succeeded"

    async def test_readers_see_the_old_or_the_new(self, importer: Importer, client: AsyncClient) -> None:
        await importer("d", "id,name\n1,x\n")
        seen = {tuple((await client.get("/datasets/d/records")).json()["data"][0])}
        await importer("d", "code,price\na,1.50\n", mode="replace", infer_again=True)
        seen.add(tuple((await client.get("/datasets/d/records")).json()["data"][0]))
        assert seen == {("id", "name"), ("code", "price")}
        document = (await client.get("/datasets/d/openapi.json")).text
        assert '"price"' in document
