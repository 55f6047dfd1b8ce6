from typing import Any

import pytest
from pydantic import ValidationError

from app.columns.column import Column
from app.datasets.definition import Definition, Index, declared_indexes

COLUMNS = (
    Column(name="sku", type="text", required=True),
    Column(name="price", type="integer"),
    Column(name="ean", type="bigint", unique=True),
    Column(name="more", type="json"),
)


def _definition(*indexes: Index, columns: tuple[Column, ...] = COLUMNS, key: tuple[str, ...] = ("sku",)) -> Definition:
    return Definition(columns, key, indexes)


class TestIndex:
    @pytest.mark.parametrize(
        "members",
        [
            {},
            {"columns": ["a"], "search": True},
            {"search": False},
            {"columns": []},
            {"columns": ["+a"]},
            {"columns": ["A"]},
            {"columns": [f"c{number}" for number in range(9)]},
            {"columns": ["a"], "unique": True},
            {"origin": "declared", "name": "x"},
        ],
    )
    def test_what_is_no_index(self, members: dict[str, Any]) -> None:
        with pytest.raises(ValidationError):
            Index.model_validate(members)

    def test_it_shows_what_it_has(self) -> None:
        assert Index(columns=("a", "-b")).model_dump(mode="json") == {"columns": ["a", "-b"]}
        assert Index(columns=("a", "-b")).terms == [("a", False), ("b", True)]

    def test_what_is_shown_can_be_sent_back(self) -> None:
        shown = [
            {"name": "t__pkey", "columns": ["_id"], "origin": "key"},
            {"name": "t__ean__key", "columns": ["ean"], "origin": "unique"},
            {"name": "by_hand", "origin": "database"},
            {"name": "t__search", "search": True, "origin": "declared"},
            {"columns": ["price"]},
        ]
        declared = declared_indexes([Index.model_validate(members) for members in shown])
        assert declared == [Index(search=True), Index(columns=("price",))]


class TestCheck:
    @pytest.mark.parametrize(
        ("index", "reason"),
        [
            (Index(columns=("prise",)), "an index names 'prise', which is no column; did you mean 'price'"),
            (Index(columns=("_id",)), "an index names '_id', which is no column"),
            (Index(columns=("price", "-price")), "an index names 'price' twice"),
            (Index(columns=("more", "price")), "'more' is json: its index has that column alone"),
            (Index(columns=("sku",)), "the key has an index over sku already"),
            (Index(columns=("-sku",)), "the key has an index over sku already"),
        ],
    )
    def test_an_index_that_cannot_be(self, index: Index, reason: str) -> None:
        with pytest.raises(ValueError, match="^" + reason.replace("(", r"\(")):
            _definition(index).check()
        assert not _definition().allows(index)

    @pytest.mark.parametrize(
        "index",
        [
            Index(columns=("more",)),
            Index(columns=("sku", "price")),
            Index(columns=("-sku", "price")),
            Index(columns=("ean",)),
            Index(search=True),
        ],
    )
    def test_an_index_that_can_be(self, index: Index) -> None:
        _definition(index).check()
        assert _definition().allows(index)

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            (Index(search=True), Index(search=True)),
            (Index(columns=("price", "-ean")), Index(columns=("price", "-ean"))),
            (Index(columns=("price",)), Index(columns=("-price",))),
        ],
    )
    def test_two_that_are_the_same(self, one: Index, other: Index) -> None:
        with pytest.raises(ValueError, match="two indexes are the same"):
            _definition(one, other).check()

    def test_two_that_are_not(self) -> None:
        _definition(
            Index(columns=("price", "ean")), Index(columns=("price", "-ean")), Index(columns=("price",))
        ).check()

    def test_without_a_text_nothing_is_searched(self) -> None:
        with pytest.raises(ValueError, match="needs a column of type text"):
            _definition(Index(search=True), columns=COLUMNS[1:], key=()).check()

    def test_a_format_of_dates_is_one(self) -> None:
        with pytest.raises(ValueError, match="'DD/MM' is not a format of dates"):
            _definition(columns=(Column(name="day", type="date", date_format="DD/MM"),), key=()).check()


class TestUnindexed:
    def test_only_the_first_column_of_an_index_is_served(self) -> None:
        definition = Definition((*COLUMNS, Column(name="day", type="date")), ("sku", "price"))
        assert definition.unindexed == ["price", "more", "day"]
        indexes = (Index(columns=("-day", "price")), Index(columns=("more",)), Index(search=True))
        assert Definition(definition.columns, definition.key, indexes).unindexed == ["price"]
