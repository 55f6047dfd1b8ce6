import json
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest

from app.core.errors import ParameterInvalid, UnknownParameter
from app.records.query.filters import Condition
from app.records.query.record_query import (
    query_from_address,
)
from tests.records.query.asking import SHAPE, ask, refuse, send, stated
from tests.records.schemas import LIMITS, make_schema


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
        assert stated(ask(address)) == [condition]

    def test_without_a_key_the_number_is_a_column(self) -> None:
        query = query_from_address(make_schema({"n": "integer"}), b"_id__gt=5&_sort=-_id", LIMITS)
        assert stated(query) == [("_id", "gt", ("5",))]

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
        problem = refuse(address, ParameterInvalid)
        assert message in problem.detail
        assert problem.errors is not None
        assert problem.errors[0]["path"] == address.partition("=")[0]

    def test_a_plus_that_became_a_space_is_told(self) -> None:
        assert "%2B" in str(refuse("updated=2024-01-01T00:00:00+01:00", ParameterInvalid).hint)

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
        assert refuse(address, UnknownParameter).detail.startswith(detail)

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
        problem = refuse(address, ParameterInvalid)
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
        assert stated(send({"where": document}))[0][2] == (said,)

    @pytest.mark.parametrize(("text", "said"), [("1e-7", "0.0000001"), ("-1.5e+3", "-1500"), ("1E2", "100")])
    def test_a_number_may_have_an_exponent_as_programs_write_it(self, text: str, said: str) -> None:
        assert stated(ask(f"price__gt={quote(text)}"))[0][2] == (said,)

    def test_an_allowed_value_is_known_in_all_of_them(self) -> None:
        schema = make_schema(
            {
                "agreed": {"type": "boolean", "one_of": [True]},
                "rate": {"type": "decimal", "precision": 3, "scale": 1, "one_of": ["7.0"]},
            }
        )
        for address in (b"agreed=true", b"rate=7", b"rate=7.00"):
            assert query_from_address(schema, address, LIMITS).where.conditions


class TestHostileText:
    @pytest.mark.parametrize(
        "text",
        ["'; DROP TABLE x; --", "$1", '"', "\\", "%", "\N{GRINNING FACE}", "\u202e", "{}", "ab\r\nSet-Cookie: x"],
    )
    def test_a_value_is_a_value(self, text: str) -> None:
        (condition,) = ask(f"name={quote(text)}").where.conditions
        assert condition == Condition(SHAPE.by_name["name"], "eq", (text,))
        assert send(json.loads(json.dumps({"where": {"name": text}}))).where.conditions == [condition]
