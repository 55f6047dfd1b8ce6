"""The defaults of a type."""

import pytest

from app.columns.types.base import expect_text
from app.columns.types.registry import TYPES


class TestSortKeys:
    def test_a_type_that_is_no_key_has_none(self) -> None:
        with pytest.raises(TypeError, match="boolean has no sort key"):
            TYPES["boolean"].sort_key(True)

    def test_of_a_range_it_is_the_value_itself(self) -> None:
        text = TYPES["text"]
        assert text.least_sort_key("a") == text.greatest_sort_key("a") == text.sort_key("a")


def test_a_size_is_for_decimals_only() -> None:
    assert TYPES["text"].sized(None, None) is TYPES["text"]


@pytest.mark.parametrize("value", [1, None, True, ["a"]])
def test_only_a_string_is_a_string(value: object) -> None:
    with pytest.raises(ValueError, match=r"^$"):
        expect_text(value)
