"""Candidates: the types that a column nearly has, exactly, and their warnings."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.imports.inference.column_warnings import warn_of
from tests.imports.conftest import Importer, types
from tests.imports.engine import Engine

VALUES = st.sampled_from(
    [
        "1",
        "2.50",
        "-7",
        "1e+3",
        "ninety",
        "NA",
        "NA",
        " ",
        "yes",
        "no",
        "true",
        "2024-01-31",
        "31/01/2024",
        "01/02/2024",
    ]
)


def infer(values: list[str], block: int = 1 << 20, **options: Any) -> Any:
    """The inference of a column of these values, each a line after the header."""
    content = "x,row\n" + "".join(f"{value},{place}\n" for place, value in enumerate(values))
    return Engine(content.encode(), block, 1 << 20, {"header": True, "delimiter": ",", **options}).infer()[0]


def candidates(values: list[str], **options: Any) -> list[dict[str, Any]]:
    return [miss.document for miss in infer(values, **options).near_misses()]


class TestNearMisses:
    def test_one_word_among_decimals(self) -> None:
        values = ["1.50", "2.25", "ninety", *["7.75"] * 5000]
        assert candidates(values) == [
            {
                "type": "decimal",
                "decimal_separator": ".",
                "precision": 12,
                "scale": 2,
                "fits": 5002,
                "misfits": 1,
                "misfit": {"line": 4, "value": "ninety"},
            }
        ]
        assert warn_of(infer(values)) == (
            "'x' is text for 1 of its 5,003 values, \"ninety\" at line 4: without it it would be decimal(12,2). "
            'If "ninety" stands for no value, give it as nulls=ninety (--null "ninety").'
        )

    @pytest.mark.parametrize(
        ("value", "odd", "kind"),
        [
            ("2024-01-31", "2024-13-01", "date"),
            ("true", "n/a", "boolean"),
            ("2024-01-01T10:00:00Z", "2024-01-01 24:00:00", "datetime"),
            ("01234567-89ab-cdef-0123-456789abcdef", "none", "uuid"),
            ("12", "x1", "integer"),
            ("1.5e3", "x", "number"),
        ],
    )
    def test_of_every_type(self, value: str, odd: str, kind: str) -> None:
        found = infer([value] * 28 + [odd])
        column, why = found.column()
        assert column.type == "text"
        label = kind if kind in ("integer", "number") else f"a {'UUID' if kind == 'uuid' else kind}"
        assert why[0] == f'not {label}: "{odd}" at line 30'
        best = found.near_misses()[0].document
        assert (best["type"], best["fits"], best["misfits"], best["misfit"]["line"]) == (kind, 28, 1, 30)

    def test_a_thousand_misfits_in_front_are_no_reason_to_give_up(self) -> None:
        values = ["NA"] * 900 + ["5"] * 20_000
        assert candidates(values)[0] == {
            "type": "integer",
            "fits": 20_000,
            "misfits": 900,
            "misfit": {"line": 2, "value": "NA"},
        }
        warning = warn_of(infer(values))
        assert warning is not None
        assert 'nulls=NA (--null "NA")' in warning

    def test_one_placeholder_may_be_frequent(self) -> None:
        assert candidates(["5", "-", "7"] * 3000)[0]["misfits"] == 3000

    def test_what_misfits_too_often_is_given_up(self) -> None:
        assert candidates(["5", *(f"x{number}" for number in range(9))] * 500) == []

    def test_a_wider_type_is_no_near_miss_and_a_narrower_one_is(self) -> None:
        assert candidates(["1", "2", "2.5"]) == [
            {"type": "integer", "fits": 2, "misfits": 1, "misfit": {"line": 4, "value": "2.5"}}
        ]
        assert candidates(["1", "2", "3"]) == []
        assert candidates(["2024-01-31", "2024-02-01"]) == []

    def test_what_could_be_read_in_two_ways_fits_in_both(self) -> None:
        assert [(item["date_format"], item["misfits"]) for item in candidates(["01/02/2024"])] == [
            ("DD/MM/YYYY", 0),
            ("MM/DD/YYYY", 0),
        ]

    @given(st.lists(VALUES, min_size=1, max_size=9), st.integers(1, 20))
    def test_are_the_same_however_the_file_is_cut(self, values: list[str], block: int) -> None:
        whole, cut = infer(values), infer(values, block)
        assert [miss.document for miss in cut.near_misses()] == [miss.document for miss in whole.near_misses()]
        assert warn_of(cut) == warn_of(whole)

    @given(st.lists(VALUES, min_size=1, max_size=9))
    def test_count_each_value_once(self, values: list[str]) -> None:
        found = infer(values)
        total = sum(bool(value.strip()) for value in values)
        assert all(miss.fits + miss.misfits == total for miss in found.near_misses())


class TestThroughTheApi:
    async def test_are_in_the_report_beside_the_evidence(self, importer: Importer) -> None:
        rows = "".join(f"{number},{number}.25\n" for number in range(300))
        shown = await importer("d", f"id,price\n{rows}300,ninety\n")
        assert types(shown) == {"id": "integer", "price": "text"}
        column = shown["columns"][1]
        assert column["candidates"] == [
            {
                "type": "decimal",
                "precision": 12,
                "scale": 2,
                "decimal_separator": ".",
                "fits": 300,
                "misfits": 1,
                "misfit": {"line": 302, "value": "ninety"},
            }
        ]
        assert column["evidence"][0] == 'not decimal: "ninety" at line 302'
        assert shown["warnings"][0].startswith("'price' is text for 1 of its 301 values, \"ninety\" at line 302")
        assert shown["columns"][0]["candidates"] == []
