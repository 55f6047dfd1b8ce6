import re
from typing import Any

import pytest

from app.columns.conventions import Conventions as ColumnConventions
from app.imports.values.cells import Conventions
from app.imports.values.number_style import JSON_STYLE, NumberStyle, style_of


class TestPattern:
    @pytest.mark.parametrize(
        ("style", "text", "fits"),
        [
            (JSON_STYLE, "-1234.50", True),
            (JSON_STYLE, "1,234.50", False),
            (JSON_STYLE, "007", False),
            (JSON_STYLE, "NaN", True),
            (NumberStyle(",", "."), "1.234.567,5", True),
            (NumberStyle(",", "."), "1234567,5", True),
            (NumberStyle(",", "."), "1.23.567", False),
            (NumberStyle(".", ","), "12,34,567.50", True),
            (NumberStyle(".", "'"), "1'234", True),
            (NumberStyle(",", " "), "0 123", False),
        ],
    )
    def test_of_a_style(self, style: NumberStyle, text: str, fits: bool) -> None:
        assert (re.search(style.pattern, text) is not None) is fits

    def test_its_example_is_a_number_of_it(self) -> None:
        assert NumberStyle(",", ".", ("€",)).example == "1.234,50 €"
        assert re.search(NumberStyle(",", " ").pattern, NumberStyle(",", " ").example)


class TestStyleOf:
    @pytest.mark.parametrize(
        ("known", "said", "point", "thousands"),
        [
            ({}, {}, ".", ""),
            ({"decimal_separator": ","}, {}, ",", ""),
            ({"decimal_separator": ","}, {"decimal_separator": "."}, ".", ""),
            ({"thousands_separator": "."}, {}, ",", "."),
            ({"decimal_separator": ",", "thousands_separator": "."}, {"decimal_separator": "."}, ".", ""),
            ({"decimal_separator": ",", "thousands_separator": "."}, {"thousands_separator": ","}, ".", ","),
        ],
    )
    def test_options_go_before_what_the_column_knows(
        self, known: dict[str, Any], said: dict[str, Any], point: str, thousands: str
    ) -> None:
        style = style_of(ColumnConventions(**known), Conventions(**said))
        assert (style.point, style.thousands) == (point, thousands)
