"""Numbers: exact within their limits, refused beyond them."""

import pytest

from app.columns.types.registry import TYPES


class TestWholeNumbers:
    @pytest.mark.parametrize(("name", "most"), [("integer", 2**53 - 1), ("bigint", 2**63 - 1)])
    def test_each_has_a_largest(self, name: str, most: int) -> None:
        assert TYPES[name].parse(str(most)) == most
        with pytest.raises(ValueError, match="is not a"):
            TYPES[name].parse(str(most + 1))

    @pytest.mark.parametrize("text", ["007", "1.0", " 1", "1e3"])
    def test_other_ways_to_write_one_are_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match="is not an integer"):
            TYPES["integer"].parse(text)

    def test_json_shows_a_bigint_as_a_string(self) -> None:
        assert TYPES["integer"].show(7) == "7"
        assert TYPES["bigint"].show(2**63 - 1) == '"9223372036854775807"'


class TestNumber:
    def test_not_a_number_is_a_string_in_json(self) -> None:
        assert TYPES["number"].show(TYPES["number"].parse("NaN")) == '"NaN"'

    def test_more_than_a_double_holds_is_refused(self) -> None:
        with pytest.raises(ValueError, match="is not a number"):
            TYPES["number"].parse("1e400")


class TestDecimal:
    def test_its_digits_are_limited_and_kept(self) -> None:
        price = TYPES["decimal"].sized(4, 2)
        assert price.show(price.parse("12.5")) == '"12.50"'
        for text in ("123.5", "1.234"):
            with pytest.raises(ValueError, match=r"does not fit decimal\(4,2\)"):
                price.parse(text)
