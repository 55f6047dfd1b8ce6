import pytest

from app.records.errors import QueryContradictory
from tests.records.query.asking import ask, refuse, refuse_body, send


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
        assert refuse(address, QueryContradictory).status == 400

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
        ask(address)

    def test_it_is_looked_for_wherever_conditions_stand_together(self) -> None:
        apart = {"_or": [{"stock": {"gt": 10}}, {"stock": {"lt": 5}}]}
        together = {"stock": {"gt": 10, "lt": 5}}
        send({"where": apart})
        for where in (together, {"_or": [together, {}]}, {"_not": together}, {"_and": [together]}):
            refuse_body({"where": where}, QueryContradictory)

    def test_both_conditions_are_named(self) -> None:
        detail = refuse("stock__gt=10&stock__lt=5", QueryContradictory).detail
        assert detail == "No record can fulfil both 'stock__gt=10' and 'stock__lt=5'."
