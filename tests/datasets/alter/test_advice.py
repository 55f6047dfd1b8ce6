"""A change of a type that texts are in the way of says which conventions would let it through; it then goes through."""

import json
import re

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.database.sessions import TimedSession, get_engine
from app.datasets.alter.advice import find_advice
from app.datasets.alter.hints import describe_settings
from tests.datasets.conftest import Document, Things
from tests.datasets.conversion import column

MONEY: Document = {"type": "decimal", "precision": 12, "scale": 2}
INTEGER: Document = {"type": "integer"}
DATE: Document = {"type": "date"}
BOOLEAN: Document = {"type": "boolean"}
OTHERWISE = "Change those values first, or choose a type that has room for them."


async def hint(things: Things, change: Document, *texts: str | None) -> str:
    """The problem of a refused change of a text column."""
    await things.make({"a": "text"}, [(text,) for text in texts])
    problem = await things.refused({"columns": {"a": change}}, "records-incompatible")
    said: str = problem["hint"]
    return said


class TestAdvice:
    @pytest.mark.parametrize(
        ("change", "texts", "settings"),
        [
            (MONEY, ["1.234,50", "7"], {"decimal_separator": ",", "thousands_separator": "."}),
            (MONEY, ["12,5", "7", None], {"decimal_separator": ","}),
            (MONEY, ["1,228.55", "1.5"], {"thousands_separator": ","}),
            (MONEY, ["1.50 €", "2.00 €"], {"units": ["€"]}),
            (MONEY, ["$1,228.55", "$.5"], {"units": ["$"], "thousands_separator": ","}),
            (MONEY, ["(987.65)", "5"], {"accounting": True}),
            (MONEY, ["5.00-", "5"], {"accounting": True}),
            (MONEY, ["($1,228.55)", "$5"], {"units": ["$"], "accounting": True, "thousands_separator": ","}),
            (MONEY, ["1.5", "2", "n/a", "N/A"], {"nulls": ["N/A", "n/a"]}),
            (MONEY, ["1,5 kg", "2,5 kg", "-"], {"units": ["kg"], "decimal_separator": ",", "nulls": ["-"]}),
            (INTEGER, ["12\u202f345", "7"], {"thousands_separator": " "}),
            (INTEGER, ["12\u2019345", "7"], {"thousands_separator": "'"}),
            (INTEGER, ["1,234", "12,345"], {"thousands_separator": ","}),
            (INTEGER, ["7", "8", "**"], {"nulls": ["**"]}),
            (BOOLEAN, ["sí", "no", None], {"booleans": ["sí", "no"]}),
            (BOOLEAN, ["nein", "ja", "-"], {"booleans": ["ja", "nein"], "nulls": ["-"]}),
            (BOOLEAN, ["yes", "no", "n/a"], {"nulls": ["n/a"]}),
            (DATE, ["31/12/2024", "1/2/2024"], {"date_format": "DD/MM/YYYY"}),
            (DATE, ["31.12.69"], {"date_format": "DD.MM.YY"}),
            (DATE, ["20240513", "20241231"], {"date_format": "YYYYMMDD"}),
            (DATE, ["9 Sep 2024", "n/a"], {"date_format": "DD MON YYYY", "nulls": ["n/a"]}),
            ({"type": "datetime"}, ["12/31/2024 5:30 pm"], {"date_format": "MM/DD/YYYY"}),
            ({"type": "uuid"}, ["01234567-89ab-cdef-0123-456789abcdef", "null"], {"nulls": ["null"]}),
            ({**MONEY, "units": ["€"]}, ["1,5 €"], {"decimal_separator": ","}),
            ({**MONEY, "nulls": ["-"]}, ["5", "-", "?"], {"nulls": ["-", "?"]}),
        ],
    )  # fmt: skip
    async def test_what_is_advised_lets_the_change_through(
        self, things: Things, change: Document, texts: list[str | None], settings: Document
    ) -> None:
        said = await hint(things, change, *texts)
        assert said == f"Give 'a' {describe_settings(settings)} with its type: all fit then."
        given = json.loads("{" + re.sub(r"^Give 'a' | with its type: all fit then\.$", "", said) + "}")
        await things.change({"columns": {"a": {**change, **given}}})

    @pytest.mark.parametrize(
        ("change", "texts", "alternatives"),
        [
            (DATE, ["1/2/2024", "3/4/2024"], '"date_format": "DD/MM/YYYY" or "date_format": "MM/DD/YYYY"'),
            (BOOLEAN, ["A", "B"], '"booleans": ["A", "B"] or "booleans": ["B", "A"]'),
            (
                {"type": "decimal", "precision": 12, "scale": 3},
                ["1,234", "5,678"],
                '"thousands_separator": "," or "decimal_separator": ","',
            ),
        ],
    )
    async def test_what_may_be_meant_in_two_ways_is_left_to_say(
        self, things: Things, change: Document, texts: list[str], alternatives: str
    ) -> None:
        said = await hint(things, change, *texts)
        assert said == f"Give 'a' {alternatives} with its type, as its values are meant: all fit then."

    async def test_a_few_that_fit_nothing_are_counted(self, things: Things) -> None:
        texts = [f"{number},5" for number in range(200)]
        said = await hint(things, MONEY, *texts, "ninety", "x,5")
        assert said == f'Give \'a\' "decimal_separator": "," with its type: all but 2 fit then. {OTHERWISE}'

    @pytest.mark.parametrize(
        ("change", "texts"),
        [
            (MONEY, ["ninety", "7"]),
            (MONEY, ["1,5", "1.5"]),
            (MONEY, ["12345678901.00"]),
            (MONEY, ["1.234,50", "1,234.50"]),
            (BOOLEAN, ["sí", "no", "quizá"]),
            (DATE, ["31/12/2024", "12/31/2024"]),
            (DATE, ["yesterday"]),
            ({"type": "uuid"}, ["x"]),
            ({"type": "json"}, ["{", "n/a"]),
            (INTEGER, ["-", "?"]),
            (INTEGER, ["5 $", "7 €"]),
        ],
    )
    async def test_where_nothing_fits_nothing_is_advised(
        self, things: Things, change: Document, texts: list[str]
    ) -> None:
        assert await hint(things, change, *texts) == OTHERWISE

    async def test_each_column_has_its_own(self, things: Things) -> None:
        await things.make({"a": "text", "b": "text", "c": "text"}, [("1,5", "x", "31/12/2024")])
        body: Document = {"columns": {"a": {**MONEY, "name": "n"}, "b": INTEGER, "c": DATE}}
        problem = await things.refused(body, "records-incompatible")
        assert problem["hint"] == (
            'Give \'n\' "decimal_separator": "," with its type: all fit then. '
            f'Give \'c\' "date_format": "DD/MM/YYYY" with its type: all fit then. {OTHERWISE}'
        )

    async def test_what_only_a_whole_look_shows(self, things: Things) -> None:
        # Among the first 10,000 all are written one way; the others are not.
        texts = [f"{number},5" for number in range(10_000)] + [f"1.{number}" for number in range(10, 800)]
        assert await hint(things, MONEY, *texts) == OTHERWISE


class TestFindAdvice:
    async def test_there_is_none_once_the_time_is_over(self) -> None:
        async with AsyncSession(get_engine()) as session:
            timed = TimedSession(session, 0)
            assert await find_advice(timed, "things", [(column("text"), column("integer"), 1)]) == []
