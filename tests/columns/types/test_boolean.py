"""Booleans, as files, JSON and records have them."""

import pytest

from app.columns.types.registry import TYPES

BOOLEAN = TYPES["boolean"]


class TestRead:
    @pytest.mark.parametrize(("text", "value"), [("true", True), ("false", False)])
    def test_two_words_are_booleans(self, text: str, value: bool) -> None:
        assert BOOLEAN.parse(text) is value
        assert BOOLEAN.show(value) == text

    @pytest.mark.parametrize("text", ["yes", "True", "1", ""])
    def test_no_other_word_is(self, text: str) -> None:
        with pytest.raises(ValueError, match="is not a boolean"):
            BOOLEAN.parse(text)

    def test_in_json_a_word_is_no_boolean(self) -> None:
        assert BOOLEAN.read_json(True) is True
        with pytest.raises(ValueError, match=r"^$"):
            BOOLEAN.read_json("true")


def test_it_is_no_key() -> None:
    assert not BOOLEAN.can_be_key
