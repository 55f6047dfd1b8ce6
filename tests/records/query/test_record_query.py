from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest

from app.core.errors import CursorInvalid, ParameterInvalid, UnknownParameter
from app.datasets.definition import Index
from app.records.query.filters import AllOf, AnyOf, Not
from app.records.query.record_query import (
    may_take_long,
    next_cursor,
    query_from_address,
    unserved,
    view_from_address,
)
from tests.records.query.asking import SHAPE, ask, refuse, refuse_body, send, stated
from tests.records.schemas import LIMITS, make_schema


class TestMembers:
    def test_by_default_it_is_the_first_page_in_the_keys_order(self) -> None:
        query = ask("")
        assert (query.limit, query.count, query.position, query.search) == (50, "none", None, None)
        assert [term.name for term in query.sort] == ["sku"]
        assert query.view.select == tuple(SHAPE.columns)

    def test_the_key_comes_last_in_a_sort_in_the_direction_of_the_last_column(self) -> None:
        assert [term.name for term in ask("_sort=-price,name").sort] == ["-price", "name", "sku"]
        assert [term.name for term in ask("_sort=name,-price").sort] == ["name", "-price", "-sku"]

    def test_what_stands_behind_a_unique_column_orders_nothing(self) -> None:
        assert [term.name for term in ask("_sort=-sku,name").sort] == ["-sku"]
        assert [term.name for term in ask("_sort=ean").sort] == ["ean", "sku"]
        schema = make_schema({"a": {"type": "text", "required": True, "unique": True}, "b": "text"})
        assert [term.name for term in query_from_address(schema, b"_sort=a,b", LIMITS).sort] == ["a"]

    def test_a_view(self) -> None:
        view = view_from_address(SHAPE, b"_select=price,sku&_embed=maker", LIMITS)
        assert [column.name for column in view.select] == ["price", "sku"]
        assert [column.name for column in view.embed] == ["maker"]

    @pytest.mark.parametrize(
        ("address", "message"),
        [
            ("_select=prise", "there is no column 'prise'. Did you mean 'price'?"),
            ("_select=", "there is no column ''."),
            ("_select=sku,sku", "it names 'sku' twice"),
            ("_sort=prise", "there is no column 'prise'. Did you mean 'price'?"),
            ("_sort=price,-price", "it names 'price' twice"),
            ("_sort=--price", "there is no column '-price'"),
            ("_sort=tags", "'tags' is json, which has no order"),
            ("_limit=0", "it takes 1 to 1000, not 0"),
            ("_limit=1001", "it takes 1 to 1000, not 1001"),
            ("_limit=1.5", "it takes a whole number"),
            ("_limit=" + "9" * 5000, "it takes a whole number"),
            ("_limit=", "it takes a whole number"),
            ("_count=exat", "there is no 'exat'. Did you mean 'exact'?"),
            ("_q=", "it is empty"),
            ("_q=%00", "it contains NUL"),
            ("_embed=price", "'price' references no dataset"),
            ("_embed=marker", "there is no column 'marker'. Did you mean 'maker'?"),
            ("_spreadsheet=true", "only text/csv is for spreadsheets"),
        ],
    )
    def test_what_does_not_fit_is_refused(self, address: str, message: str) -> None:
        assert message in refuse(address, ParameterInvalid).detail

    def test_there_must_be_texts_to_search_in(self) -> None:
        with pytest.raises(ParameterInvalid, match="no column of texts"):
            query_from_address(make_schema({"n": "integer"}), b"_q=x", LIMITS)

    def test_the_address_of_one_record_takes_no_conditions(self) -> None:
        with pytest.raises(UnknownParameter) as raised:
            view_from_address(SHAPE, b"price=1", LIMITS)
        assert raised.value.hint == "It takes: _select, _embed."


class TestExportQuery:
    def test_without_a_limit_it_is_all(self) -> None:
        assert ask("", form="csv").limit is None
        assert ask("_limit=9999", form="ndjson").limit == 9999

    @pytest.mark.parametrize("address", ["_cursor=x", "_count=exact"])
    def test_it_has_no_pages(self, address: str) -> None:
        assert "an export has all records" in refuse(address, ParameterInvalid, form="csv").detail

    @pytest.mark.parametrize(("address", "form"), [("_count=none", "csv"), ("_spreadsheet=false", "page")])
    def test_what_asks_for_nothing_does_no_harm(self, address: str, form: str) -> None:
        assert ask(address, form=form) == ask("", form=form)

    def test_it_has_a_limit_of_its_own(self) -> None:
        assert "it takes 1 to 10000" in refuse("_limit=10001", ParameterInvalid, form="csv").detail

    def test_only_csv_is_for_spreadsheets(self) -> None:
        assert ask("_spreadsheet=true", form="csv").spreadsheet
        assert not ask("_spreadsheet=false", form="csv").spreadsheet
        assert "true or false" in refuse("_spreadsheet=1", ParameterInvalid, form="csv").detail
        refuse("_spreadsheet=true", ParameterInvalid, form="ndjson")


BOTH_FORMS: list[tuple[dict[str, str], Any]] = [
    ({}, {}),
    ({}, {"where": {}, "cursor": None, "select": None}),
    ({"name": "Lamp"}, {"where": {"name": "Lamp"}}),
    ({"name": "Lamp"}, {"where": {"name": {"eq": "Lamp"}}}),
    ({"price__gte": "10", "price__lt": "20.5"}, {"where": {"price": {"gte": 10, "lt": 20.5}}}),
    ({"price__gte": "0.10"}, {"where": {"price": {"gte": "0.10"}}}),
    ({"ean__in": "1,2"}, {"where": {"ean": {"in": [1, "2"]}}}),
    ({"category__nin": "Garden"}, {"where": {"category": {"nin": ["Garden"]}}}),
    ({"stock__between": "1,5", "active": "true"}, {"where": {"stock": {"between": [1, 5]}, "active": True}}),
    ({"weight": "NaN"}, {"where": {"weight": "NaN"}}),
    ({"weight__gt": "0.1"}, {"where": {"weight": {"gt": 0.1}}}),
    ({"name__isnull": "false"}, {"where": {"name": {"isnull": False}}}),
    ({"tags__contains": '{"a":[1,null]}'}, {"where": {"tags": {"contains": {"a": [1, None]}}}}),
    ({"released__gte": "2024-01-01"}, {"where": {"released": {"gte": "2024-01-01"}}}),
    ({"_sort": "-price,name", "_limit": "7"}, {"sort": ["-price", "name"], "limit": 7}),
    ({"_select": "sku,price", "_embed": "maker"}, {"select": ["sku", "price"], "embed": ["maker"]}),
    ({"_q": "garden chair", "_count": "exact"}, {"q": "garden chair", "count": "exact"}),
]


class TestBothForms:
    @pytest.mark.parametrize(("address", "document"), BOTH_FORMS)
    def test_they_give_the_same_plan(self, address: dict[str, str], document: Any) -> None:
        assert ask(urlencode(address)) == send(document)

    def test_a_cursor_of_one_goes_on_in_the_other(self) -> None:
        query = ask("price__gte=10&name=x&_sort=-stock")
        cursor = next_cursor(SHAPE, query, [5, "A1"])
        document = {"where": {"name": "x", "price": {"gte": 10}}, "sort": ["-stock"], "cursor": cursor}
        assert send(document).position == ("5", "A1")


class TestBody:
    def test_junctions(self) -> None:
        where = {"_or": [{"price": {"gte": 10}}, {"_not": {"name": "x", "stock": 1}}], "_and": [{"active": True}]}
        one_of, all_of = send({"where": where}).where.parts
        assert isinstance(one_of, AnyOf)
        assert isinstance(all_of, AllOf)
        first, second = one_of.parts
        assert isinstance(first, AllOf)
        assert isinstance(second, AllOf)
        (negation,) = second.parts
        assert isinstance(negation, Not)
        assert isinstance(negation.part, AllOf)
        assert [c.column.name for c in negation.part.conditions] == ["name", "stock"]

    @pytest.mark.parametrize(
        ("document", "path", "message"),
        [
            ([], "body", "it takes an object"),
            ({"were": {}}, "were", "there is no such member. Did you mean 'where'?"),
            ({"where": []}, "where", "it takes an object"),
            ({"where": {"prise": 1}}, "where/prise", "there is no column 'prise'. Did you mean 'price'?"),
            ({"where": {"_an": []}}, "where/_an", "there is no column '_an'. Did you mean '_and'?"),
            ({"where": {"_or": []}}, "where/_or", "it takes an array of at least one object"),
            ({"where": {"_or": {}}}, "where/_or", "it takes an array of at least one object"),
            ({"where": {"_not": [{}]}}, "where/_not", "it takes an object"),
            ({"where": {"price": {}}}, "where/price", "it takes at least one operator"),
            ({"where": {"_or": [{"stock": {"gt": "1"}}]}}, "where/_or/0/stock/gt", '"1" is not an integer'),
            ({"where": {"stock": {"gt": 1.5}}}, "where/stock/gt", "'1.5' is not an integer"),
            ({"where": {"stock": {"gt": True}}}, "where/stock/gt", "true is not an integer"),
            ({"where": {"sku": 364}}, "where/sku/eq", "364 is not a text"),
            ({"where": {"weight": "1.5"}}, "where/weight/eq", '"1.5" is not a number'),
            ({"where": {"stock": None}}, "where/stock/eq", "null is not an integer"),
            ({"where": {"stock": {"in": [1, None]}}}, "where/stock/in", "null is not an integer"),
            ({"where": {"stock": {"in": 1}}}, "where/stock/in", "'in' takes an array of values"),
            ({"where": {"stock": [1]}}, "where/stock/eq", "an array is not an integer"),
            ({"where": {"stock": {"isnull": "true"}}}, "where/stock/isnull", "it takes true or false"),
            ({"where": {"name": "\ud800"}}, "where/name/eq", "half of a surrogate pair"),
            ({"where": {"tags": {"contains": "\ud800"}}}, "where/tags/contains", "half a surrogate pair"),
            ({"where": {"active": {"gt": True}}}, "where/active/gt", "'gt' does not go with boolean"),
            ({"select": []}, "select", "it names no column"),
            ({"select": "sku"}, "select", "it takes an array of names"),
            ({"sort": [1]}, "sort", "it takes an array of names"),
            ({"limit": "5"}, "limit", "it takes a whole number"),
            ({"limit": True}, "limit", "it takes a whole number"),
            ({"limit": 10**4000}, "limit", "it takes 1 to 1000"),
            ({"cursor": 1}, "cursor", "it takes a string"),
            ({"q": ["x"]}, "q", "it takes a string"),
            ({"spreadsheet": True}, "spreadsheet", "only text/csv"),
        ],
    )
    def test_what_does_not_fit_is_refused(self, document: Any, path: str, message: str) -> None:
        problem = refuse_body(document)
        assert message in problem.detail
        assert problem.errors is not None
        assert (problem.errors[0]["in"], problem.errors[0]["path"]) == ("body", path)

    def test_missing_values_have_an_operator(self) -> None:
        assert "isnull" in str(refuse_body({"where": {"stock": {"ne": None}}}).hint)

    def test_an_empty_list_holds_nothing(self) -> None:
        assert stated(send({"where": {"stock": {"in": []}}})) == [("stock", "in", ())]


class TestCursor:
    def _cursor(self, address: str, position: list[Any]) -> str:
        return next_cursor(SHAPE, ask(address), position)

    def test_it_holds_the_place_in_the_sort(self) -> None:
        cursor = self._cursor("_sort=-price,active,weight", ["1.50", True, "NaN", "A1"])
        assert ask(f"_sort=-price,active,weight&_cursor={cursor}").position == ("1.5", "true", "NaN", "A1")

    def test_a_missing_value_has_a_place(self) -> None:
        cursor = self._cursor("_sort=price", [None, "A1"])
        assert ask(f"_sort=price&_cursor={cursor}").position == (None, "A1")

    @pytest.mark.parametrize("other", ["", "_sort=-price", "_sort=price&stock=1", "_sort=price&_q=x"])
    def test_another_query_refuses_it(self, other: str) -> None:
        cursor = self._cursor("_sort=price", ["1", "A1"])
        assert "another query" in refuse(f"{other}&_cursor={cursor}", CursorInvalid).detail

    @pytest.mark.parametrize("other", ["_limit=3", "_select=name", "_count=exact", "_embed=maker"])
    def test_what_does_not_change_the_order_does_not(self, other: str) -> None:
        cursor = self._cursor("_sort=price", ["1", "A1"])
        assert ask(f"_sort=price&{other}&_cursor={cursor}").position == ("1", "A1")

    @pytest.mark.parametrize("position", [["x", "A1"], ["1", None], [{}, "A1"], ["1", "\0"]])
    def test_values_of_no_such_column_are_refused(self, position: list[Any]) -> None:
        cursor = self._cursor("_sort=price", position)
        assert refuse(f"_sort=price&_cursor={cursor}", CursorInvalid).detail.startswith("The cursor does not fit")


class TestMayTakeLong:
    INDEXES = (Index(columns=("price",)), Index(columns=("name",)), Index(search=True))

    @pytest.mark.parametrize(
        "address",
        [
            "", "_sort=-sku", "_sort=price", "sku=a", "sku__in=a,b&name=x", "ean=1&_sort=stock", "sku__gt=a&sku__lt=b",
            "price__gt=1&_sort=price",
        ],
    )  # fmt: skip
    def test_a_piece_of_an_index_does_not(self, address: str) -> None:
        assert not may_take_long(replace(SHAPE, indexes=self.INDEXES), ask(address))

    @pytest.mark.parametrize(
        "address",
        [
            "_sort=stock", "stock=1", "name=x", "price__gt=1", "sku__ne=a", "sku__gt=a&stock=1", "_q=x", "ean__gt=1",
            "sku__gt=a&_sort=price", "sku__contains=a",
        ],
    )  # fmt: skip
    def test_anything_else_may(self, address: str) -> None:
        assert may_take_long(replace(SHAPE, indexes=self.INDEXES), ask(address))

    def test_conditions_of_which_one_is_enough_may(self) -> None:
        assert may_take_long(SHAPE, send({"where": {"_or": [{"sku": "a"}, {"stock": 1}]}}))


class TestUnserved:
    @pytest.mark.parametrize(
        ("address", "parts"),
        [
            ("", []),
            ("sku__gt=a&name=x", []),
            ("ean=1&_sort=price", []),
            ("_sort=-sku", []),
            ("_sort=-price", ["the sort by '-price'"]),
            ("name=x&stock=1", ["the filter on 'name'", "the filter on 'stock'"]),
            ("sku__ne=a", ["the filter on 'sku'"]),
            ("_q=x", ["the search"]),
        ],
    )
    def test_it_names_what_no_index_serves(self, address: str, parts: list[str]) -> None:
        assert unserved(SHAPE, ask(address)) == parts

    @pytest.mark.parametrize(
        "address", ["_sort=-price", "price__gt=1", "_q=x", "tags__contains=1", "_q=x&_sort=-stock"]
    )
    def test_declared_indexes_serve(self, address: str) -> None:
        indexes = Index(columns=("price", "-stock")), Index(columns=("tags",)), Index(search=True)
        assert unserved(replace(SHAPE, indexes=indexes), ask(address)) == []
        assert unserved(SHAPE, ask(address)) != []

    @pytest.mark.parametrize("address", ["_sort=stock", "tags__isnull=true"])
    def test_others_do_not(self, address: str) -> None:
        indexes = Index(columns=("price", "-stock")), Index(columns=("tags",))
        assert unserved(replace(SHAPE, indexes=indexes), ask(address)) != []
