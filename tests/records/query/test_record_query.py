import json
from dataclasses import replace
from decimal import Decimal
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from app.core.errors import CursorInvalid, ParameterInvalid, Problem, UnknownParameter
from app.datasets.definition import Index
from app.records.errors import ParameterRepeated, QueryContradictory, QueryInvalid, QueryTooLarge
from app.records.query.filters import AllOf, AnyOf, Condition, Not
from app.records.query.record_query import (
    RecordQuery,
    next_cursor,
    query_from_address,
    query_from_body,
    unserved,
    view_from_address,
)
from tests.records.shapes import LIMITS, make_shape, products

SHAPE = products()
JOIN_THEM = "Give it once, or join conditions by `_and` or `_or` in POST …/records/query."


def _ask(address: str, **others: Any) -> RecordQuery:
    return query_from_address(SHAPE, address.encode(), LIMITS, **others)


def _send(document: Any, **others: Any) -> RecordQuery:
    return query_from_body(SHAPE, document, LIMITS, **others)


def _said(query: RecordQuery) -> list[tuple[str, str, tuple[str, ...]]]:
    """A filter's conditions, without their columns' details."""
    return [(c.column.name, c.operator, c.values) for c in query.where.conditions]


def _refuse(address: str, problem: type[Problem], **others: Any) -> Problem:
    with pytest.raises(problem) as raised:
        _ask(address, **others)
    return raised.value


def _refuse_body(document: Any, problem: type[Problem] = QueryInvalid) -> Problem:
    with pytest.raises(problem) as raised:
        _send(document)
    return raised.value


class TestConditions:
    @pytest.mark.parametrize(
        ("address", "condition"),
        [
            ("name=Lamp", ("name", "eq", ("Lamp",))),
            ("name=", ("name", "eq", ("",))),
            ("name__eq=a%2Cb", ("name", "eq", ("a,b",))),
            ("name__ne=Lamp", ("name", "ne", ("Lamp",))),
            ("name__in=a,b", ("name", "in", ("a", "b"))),
            ('name__in="a,b",c"d,"e""f"', ("name", "in", ("a,b", 'c"d', 'e"f'))),
            ("name__in=", ("name", "in", ("",))),
            ("name__nin=a,", ("name", "nin", ("a", ""))),
            ("name__isnull=true", ("name", "isnull", ("true",))),
            ("name__contains=100%25", ("name", "contains", ("100%",))),
            ("name__like=a%5C%5C", ("name", "like", ("a\\\\",))),
            ("stock__gte=007".replace("007", "7"), ("stock", "gte", ("7",))),
            ("stock__between=1,5", ("stock", "between", ("1", "5"))),
            ("price__lt=1.555", ("price", "lt", ("1.555",))),
            ("price=99999999999", ("price", "eq", ("99999999999",))),
            ("ean=9223372036854775807", ("ean", "eq", ("9223372036854775807",))),
            ("weight=1e3", ("weight", "eq", ("1000.0",))),
            ("weight__ne=NaN", ("weight", "ne", ("NaN",))),
            ("active=true", ("active", "eq", ("true",))),
            ("released__gt=2024-02-29", ("released", "gt", ("2024-02-29",))),
            ("updated__lte=2024-01-01T01:00:00%2B01:00", ("updated", "lte", ("2024-01-01 00:00:00+00:00",))),
            ("batch=00000000-0000-0000-0000-00000000000A", ("batch", "eq", ("00000000-0000-0000-0000-00000000000a",))),
            ('tags__contains={"a":1}', ("tags", "contains", ('{"a":1}',))),
            ("photo__in=x,y", ("photo", "in", ("x", "y"))),
            ("category__in=Garden,Kitchen", ("category", "in", ("Garden", "Kitchen"))),
        ],
    )
    def test_each_operator_takes_what_the_type_does(self, address: str, condition: Any) -> None:
        assert _said(_ask(address)) == [condition]

    def test_without_a_key_the_number_is_a_column(self) -> None:
        query = query_from_address(make_shape({"n": "integer"}), b"_id__gt=5&_sort=-_id", LIMITS)
        assert _said(query) == [("_id", "gt", ("5",))]

    @pytest.mark.parametrize(
        ("address", "message"),
        [
            ("stock=x", "'stock' cannot be used: 'x' is not an integer"),
            ("stock=1.5", "'1.5' is not an integer"),
            ("stock=9007199254740992", "is not an integer"),
            ("stock=" + "9" * 99, "is not an integer"),
            ("stock__in=1,,2", "'' is not an integer"),
            ("weight=1e400", "is not a number"),
            ("weight=inf", "is not a number"),
            ("price=1e", "is not a decimal"),
            ("price=NaN", "is not a decimal"),
            ("active=1", "is not a boolean"),
            ("active__isnull=yes", "'yes' is neither true nor false"),
            ("released=2023-02-29", "is not a date"),
            ("updated=0001-01-01T00:00:00%2B01:00", "is not a date and time"),
            ("batch=x", "is not a UUID"),
            ("tags__contains={", "is not a JSON value"),
            ("tags__contains=%22%5Cu0000%22", "is not a JSON value"),
            ("stock__between=1", "it takes two values, not 1"),
            ("stock__between=1,2,3", "it takes two values, not 3"),
            ("name__like=a%5C", "the pattern ends with a"),
            ("name=%00", "it contains NUL"),
            ('name__in="a', "the quote at character 1 of the list is not closed"),
            ('name__in=x,"a"b', "the quote at character 3 of the list is not closed"),
            ("category=Gardn", "'category' is never 'Gardn'. Did you mean 'Garden'?"),
        ],
    )
    def test_what_does_not_fit_is_refused(self, address: str, message: str) -> None:
        problem = _refuse(address, ParameterInvalid)
        assert message in problem.detail
        assert problem.errors is not None
        assert problem.errors[0]["path"] == address.partition("=")[0]

    def test_a_plus_that_became_a_space_is_told(self) -> None:
        assert "%2B" in str(_refuse("updated=2024-01-01T00:00:00+01:00", ParameterInvalid).hint)

    @pytest.mark.parametrize(
        ("address", "detail"),
        [
            ("prise=1", "There is no column 'prise'. Did you mean 'price'?"),
            ("prise__gte=1", "There is no column 'prise'. Did you mean 'price'?"),
            ("_limt=1", "There is no parameter '_limt'. Did you mean '_limit'?"),
            ("price[gte]=1", "There is no column 'price[gte]'."),
        ],
    )
    def test_an_unknown_name_gets_a_near_one_proposed(self, address: str, detail: str) -> None:
        assert _refuse(address, UnknownParameter).detail.startswith(detail)

    @pytest.mark.parametrize(
        ("address", "message", "hint"),
        [
            ("price__gtee=1", "there is no operator 'gtee'. Did you mean 'gte'?", "'price' takes: eq, ne, in"),
            ("active__gt=true", "'gt' does not go with boolean", "'active' takes: eq, ne, isnull."),
            ("tags={}", "'eq' does not go with json", "'tags' takes: isnull, contains."),
            ("price____gt=1", "there is no operator '__gt'", "Write it as price__gt=1."),
        ],
    )
    def test_so_does_an_operator(self, address: str, message: str, hint: str) -> None:
        problem = _refuse(address, ParameterInvalid)
        assert message in problem.detail
        assert str(problem.hint).startswith(hint)


class TestWritings:
    """A value may be written in more than one way."""

    @pytest.mark.parametrize(
        ("document", "said"),
        [
            ({"stock": Decimal("501.0")}, "501"),
            ({"stock": Decimal("1E+2")}, "100"),
            ({"ean": Decimal("5.0")}, "5"),
            ({"price": Decimal("1E-2")}, "0.01"),
        ],
    )
    def test_a_whole_number_may_have_a_fraction_of_nothing(self, document: Any, said: str) -> None:
        assert _said(_send({"where": document}))[0][2] == (said,)

    @pytest.mark.parametrize(("text", "said"), [("1e-7", "0.0000001"), ("-1.5e+3", "-1500"), ("1E2", "100")])
    def test_a_number_may_have_an_exponent_as_programs_write_it(self, text: str, said: str) -> None:
        assert _said(_ask(f"price__gt={quote(text)}"))[0][2] == (said,)

    def test_an_allowed_value_is_known_in_all_of_them(self) -> None:
        shape = make_shape(
            {
                "agreed": {"type": "boolean", "one_of": [True]},
                "rate": {"type": "decimal", "precision": 3, "scale": 1, "one_of": ["7.0"]},
            }
        )
        for address in (b"agreed=true", b"rate=7", b"rate=7.00"):
            assert query_from_address(shape, address, LIMITS).where.conditions


class TestAddress:
    @pytest.mark.parametrize("address", ["stock=1&stock=2", "_limit=1&_limit=1", "name=a&name=a"])
    def test_a_parameter_is_given_once(self, address: str) -> None:
        assert "is given more than once" in _refuse(address, ParameterRepeated).detail

    @pytest.mark.parametrize(
        ("commas", "repeated"),
        [
            ("name__in=a,b", "name__in=a&name__in=b"),
            ('name__in="a,b",c', 'name__in="a,b"&name__in=c'),
            ("name__in=a,b,", "name__in=a,b&name__in="),
            ("name__nin=a,b&stock=1", "name__nin=a&stock=1&name__nin=b"),
            ("stock__between=1,5", "stock__between=1&stock__between=5"),
            ("_select=sku,price", "_select=sku&_select=price"),
            ("_sort=-price,name", "_sort=-price&_sort=name"),
            ("_embed=maker", "_embed=maker"),
        ],
    )
    def test_a_list_may_be_several_parameters(self, commas: str, repeated: str) -> None:
        assert _ask(commas) == _ask(repeated)
        assert next_cursor(SHAPE, _ask(commas), ["1"]) == next_cursor(SHAPE, _ask(repeated), ["1"])

    @pytest.mark.parametrize(
        ("address", "message"),
        [
            ("_select=sku&_select=sku", "'_select' cannot be used: it names 'sku' twice"),
            ("stock__between=1&stock__between=2&stock__between=3", "it takes two values, not 3"),
            ('name__in="a&name__in=b"', "the quote at character 1 of the list is not closed"),
            ("name__inn=a&name__inn=b", "there is no operator 'inn'. Did you mean 'in'?"),
        ],
    )
    def test_each_of_them_is_read_as_a_list_is(self, address: str, message: str) -> None:
        assert message in _refuse(address, ParameterInvalid).detail

    @pytest.mark.parametrize(
        ("address", "hint"),
        [
            ("name=a&name=b", "List the values: name__in=a,b"),
            ("name__eq=a&name__eq=b", "List the values: name__in=a,b"),
            ("name=a,b&name=%22c", 'List the values: name__in="a,b","""c"'),
            ("name__ne=a&name__ne=b", "List the values: name__nin=a,b"),
            (
                "active=true&active=false",
                "Give it once, or join conditions by `_and` or `_or` in POST …/records/query.",
            ),
            ("price__gt=1&price__gt=2", JOIN_THEM),
            ("_limit=1&_limit=2", "Give it once."),
        ],
    )
    def test_what_takes_one_value_says_how_several_are_asked_for(self, address: str, hint: str) -> None:
        assert _refuse(address, ParameterRepeated).hint == hint

    def test_a_list_counts_as_one_condition(self) -> None:
        limits = replace(LIMITS, terms=1, list_values=3)
        address = b"name__in=a&name__in=b&name__in=c"
        assert query_from_address(SHAPE, address, limits).where.conditions[0].values == ("a", "b", "c")
        with pytest.raises(QueryTooLarge) as raised:
            query_from_address(SHAPE, address + b"&name__in=d", limits)
        assert "TOLVA_MAX_LIST_VALUES" in str(raised.value.hint)

    @pytest.mark.parametrize("address", ["name=%ff", "%ff=1", "name=%ed%a0%80"])
    def test_what_is_not_utf8_is_refused(self, address: str) -> None:
        assert _refuse(address, ParameterInvalid).detail == "The URL is not UTF-8."

    def test_bytes_that_are_not_encoded_are_read_as_utf8(self) -> None:
        assert _said(_ask("name=Zoë")) == _said(_ask("name=Zo%C3%AB"))
        with pytest.raises(ParameterInvalid):
            query_from_address(SHAPE, b"name=\xff", LIMITS)

    def test_a_long_name_is_cut_in_the_message(self) -> None:
        assert len(_refuse("x" * 1_000_000 + "=1", UnknownParameter).detail) < 200


class TestMembers:
    def test_by_default_it_is_the_first_page_in_the_keys_order(self) -> None:
        query = _ask("")
        assert (query.limit, query.count, query.position, query.search) == (50, "none", None, None)
        assert [term.name for term in query.sort] == ["sku"]
        assert query.view.select == tuple(SHAPE.columns)

    def test_the_key_comes_last_in_a_sort_in_the_direction_of_the_last_column(self) -> None:
        assert [term.name for term in _ask("_sort=-price,name").sort] == ["-price", "name", "sku"]
        assert [term.name for term in _ask("_sort=name,-price").sort] == ["name", "-price", "-sku"]

    def test_what_stands_behind_a_unique_column_orders_nothing(self) -> None:
        assert [term.name for term in _ask("_sort=-sku,name").sort] == ["-sku"]
        assert [term.name for term in _ask("_sort=ean").sort] == ["ean", "sku"]
        shape = make_shape({"a": {"type": "text", "required": True, "unique": True}, "b": "text"})
        assert [term.name for term in query_from_address(shape, b"_sort=a,b", LIMITS).sort] == ["a"]

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
        assert message in _refuse(address, ParameterInvalid).detail

    def test_there_must_be_texts_to_search_in(self) -> None:
        with pytest.raises(ParameterInvalid, match="no column of texts"):
            query_from_address(make_shape({"n": "integer"}), b"_q=x", LIMITS)

    def test_the_address_of_one_record_takes_no_conditions(self) -> None:
        with pytest.raises(UnknownParameter) as raised:
            view_from_address(SHAPE, b"price=1", LIMITS)
        assert raised.value.hint == "It takes: _select, _embed."


class TestExportQuery:
    def test_without_a_limit_it_is_all(self) -> None:
        assert _ask("", form="csv").limit is None
        assert _ask("_limit=9999", form="ndjson").limit == 9999

    @pytest.mark.parametrize("address", ["_cursor=x", "_count=exact"])
    def test_it_has_no_pages(self, address: str) -> None:
        assert "an export has all records" in _refuse(address, ParameterInvalid, form="csv").detail

    @pytest.mark.parametrize(("address", "form"), [("_count=none", "csv"), ("_spreadsheet=false", "page")])
    def test_what_asks_for_nothing_does_no_harm(self, address: str, form: str) -> None:
        assert _ask(address, form=form) == _ask("", form=form)

    def test_it_has_a_limit_of_its_own(self) -> None:
        assert "it takes 1 to 10000" in _refuse("_limit=10001", ParameterInvalid, form="csv").detail

    def test_only_csv_is_for_spreadsheets(self) -> None:
        assert _ask("_spreadsheet=true", form="csv").spreadsheet
        assert not _ask("_spreadsheet=false", form="csv").spreadsheet
        assert "true or false" in _refuse("_spreadsheet=1", ParameterInvalid, form="csv").detail
        _refuse("_spreadsheet=true", ParameterInvalid, form="ndjson")


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
        assert _ask(urlencode(address)) == _send(document)

    def test_a_cursor_of_one_goes_on_in_the_other(self) -> None:
        query = _ask("price__gte=10&name=x&_sort=-stock")
        cursor = next_cursor(SHAPE, query, [5, "A1"])
        document = {"where": {"name": "x", "price": {"gte": 10}}, "sort": ["-stock"], "cursor": cursor}
        assert _send(document).position == ("5", "A1")


class TestBody:
    def test_junctions(self) -> None:
        where = {"_or": [{"price": {"gte": 10}}, {"_not": {"name": "x", "stock": 1}}], "_and": [{"active": True}]}
        one_of, all_of = _send({"where": where}).where.parts
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
        problem = _refuse_body(document)
        assert message in problem.detail
        assert problem.errors is not None
        assert (problem.errors[0]["in"], problem.errors[0]["path"]) == ("body", path)

    def test_missing_values_have_an_operator(self) -> None:
        assert "isnull" in str(_refuse_body({"where": {"stock": {"ne": None}}}).hint)

    def test_an_empty_list_holds_nothing(self) -> None:
        assert _said(_send({"where": {"stock": {"in": []}}})) == [("stock", "in", ())]


class TestLimits:
    @pytest.mark.parametrize(
        ("address", "setting"),
        [
            ("&".join(f"x{n}=1" for n in range(30)), "TOLVA_MAX_QUERY_TERMS"),
            ("stock__in=" + ",".join(map(str, range(6))), "TOLVA_MAX_LIST_VALUES"),
            ("name=" + "x" * 101, "TOLVA_MAX_QUERY_TEXT"),
            ("name__in=a," + "x" * 101, "TOLVA_MAX_QUERY_TEXT"),
            ("_q=" + "x" * 101, "TOLVA_MAX_QUERY_TEXT"),
        ],
    )
    def test_an_address_that_asks_for_too_much(self, address: str, setting: str) -> None:
        assert f"({setting})" in str(_refuse(address, QueryTooLarge).hint)

    @pytest.mark.parametrize(
        ("where", "setting"),
        [
            ({"_or": [{} for _ in range(11)]}, "TOLVA_MAX_QUERY_TERMS"),
            ({"_and": [{"stock": {"ne": n}} for n in range(6)]}, "TOLVA_MAX_QUERY_TERMS"),
            ({"_not": {"_not": {"_not": {}}}}, "TOLVA_MAX_QUERY_DEPTH"),
            ({"stock": {"in": list(range(10_000))}}, "TOLVA_MAX_LIST_VALUES"),
            ({"name": "x" * 101}, "TOLVA_MAX_QUERY_TEXT"),
        ],
    )
    def test_a_body_that_asks_for_too_much(self, where: Any, setting: str) -> None:
        assert f"({setting})" in str(_refuse_body({"where": where}, QueryTooLarge).hint)

    def test_a_sort_by_too_many_columns(self) -> None:
        shape = make_shape({f"c{n}": "integer" for n in range(11)})
        with pytest.raises(QueryTooLarge):
            query_from_body(shape, {"sort": [f"c{n}" for n in range(11)]}, LIMITS)


class TestContradictions:
    @pytest.mark.parametrize(
        "address",
        [
            "stock__gt=10&stock__lt=5",
            "stock__gt=5&stock__lt=5",
            "stock__gte=5&stock__lt=5",
            "stock__between=5,1",
            "stock=1&stock__gt=1",
            "stock__between=1,2&stock__between=3,4".replace("&stock__between", "&stock__gte").replace("3,4", "3"),
            "price__gte=1.10&price__lt=1.1",
            "weight__gt=NaN&weight__lt=5",
            "released__gt=2024-01-01&released__lt=2023-01-01",
            "name=a&name__ne=a",
            "name=a&name__in=b,c",
            "name=a&name__nin=a,b",
            "name__isnull=true&name=a",
            "name__isnull=true&name__contains=a",
            "active=true&active__eq=false",
        ],
    )
    def test_what_no_record_can_fulfil_is_refused(self, address: str) -> None:
        assert _refuse(address, QueryContradictory).status == 400

    @pytest.mark.parametrize(
        "address",
        [
            "stock__gte=5&stock__lte=5",
            "stock__gt=4&stock__lt=5",
            "stock__between=5,5",
            "stock=1&stock__in=1,2&stock__ne=2",
            "name__gt=b&name__lt=a",
            "name__between=b,a",
            "name__isnull=true&name__ne=a",
            "name__isnull=false&name=a",
            "weight__gt=5&weight__lte=NaN",
        ],
    )
    def test_what_one_may_is_not(self, address: str) -> None:
        _ask(address)

    def test_it_is_looked_for_wherever_conditions_stand_together(self) -> None:
        apart = {"_or": [{"stock": {"gt": 10}}, {"stock": {"lt": 5}}]}
        together = {"stock": {"gt": 10, "lt": 5}}
        _send({"where": apart})
        for where in (together, {"_or": [together, {}]}, {"_not": together}, {"_and": [together]}):
            _refuse_body({"where": where}, QueryContradictory)

    def test_both_conditions_are_named(self) -> None:
        detail = _refuse("stock__gt=10&stock__lt=5", QueryContradictory).detail
        assert detail == "No record can fulfil both 'stock__gt=10' and 'stock__lt=5'."


class TestCursor:
    def _cursor(self, address: str, position: list[Any]) -> str:
        return next_cursor(SHAPE, _ask(address), position)

    def test_it_holds_the_place_in_the_sort(self) -> None:
        cursor = self._cursor("_sort=-price,active,weight", ["1.50", True, "NaN", "A1"])
        assert _ask(f"_sort=-price,active,weight&_cursor={cursor}").position == ("1.5", "true", "NaN", "A1")

    def test_a_missing_value_has_a_place(self) -> None:
        cursor = self._cursor("_sort=price", [None, "A1"])
        assert _ask(f"_sort=price&_cursor={cursor}").position == (None, "A1")

    @pytest.mark.parametrize("other", ["", "_sort=-price", "_sort=price&stock=1", "_sort=price&_q=x"])
    def test_another_query_refuses_it(self, other: str) -> None:
        cursor = self._cursor("_sort=price", ["1", "A1"])
        assert "another query" in _refuse(f"{other}&_cursor={cursor}", CursorInvalid).detail

    @pytest.mark.parametrize("other", ["_limit=3", "_select=name", "_count=exact", "_embed=maker"])
    def test_what_does_not_change_the_order_does_not(self, other: str) -> None:
        cursor = self._cursor("_sort=price", ["1", "A1"])
        assert _ask(f"_sort=price&{other}&_cursor={cursor}").position == ("1", "A1")

    @pytest.mark.parametrize("position", [["x", "A1"], ["1", None], [{}, "A1"], ["1", "\0"]])
    def test_values_of_no_such_column_are_refused(self, position: list[Any]) -> None:
        cursor = self._cursor("_sort=price", position)
        assert _refuse(f"_sort=price&_cursor={cursor}", CursorInvalid).detail.startswith("The cursor does not fit")


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
        assert unserved(SHAPE, _ask(address)) == parts

    @pytest.mark.parametrize(
        "address", ["_sort=-price", "price__gt=1", "_q=x", "tags__contains=1", "_q=x&_sort=-stock"]
    )
    def test_declared_indexes_serve(self, address: str) -> None:
        indexes = Index(columns=("price", "-stock")), Index(columns=("tags",)), Index(search=True)
        assert unserved(replace(SHAPE, indexes=indexes), _ask(address)) == []
        assert unserved(SHAPE, _ask(address)) != []

    @pytest.mark.parametrize("address", ["_sort=stock", "tags__isnull=true"])
    def test_others_do_not(self, address: str) -> None:
        indexes = Index(columns=("price", "-stock")), Index(columns=("tags",))
        assert unserved(replace(SHAPE, indexes=indexes), _ask(address)) != []


class TestHostileText:
    @pytest.mark.parametrize(
        "text",
        ["'; DROP TABLE x; --", "$1", '"', "\\", "%", "\N{GRINNING FACE}", "\u202e", "{}", "ab\r\nSet-Cookie: x"],
    )
    def test_a_value_is_a_value(self, text: str) -> None:
        (condition,) = _ask(f"name={quote(text)}").where.conditions
        assert condition == Condition(SHAPE.by_name["name"], "eq", (text,))
        assert _send(json.loads(json.dumps({"where": {"name": text}}))).where.conditions == [condition]
