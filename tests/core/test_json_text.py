from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.json_text import MAX_DEPTH, JsonInvalid, is_storable_text, parse_json, write_json

STABLE = settings(deadline=None, derandomize=True, max_examples=300)
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals(allow_nan=False, allow_infinity=False, places=20)
    | st.text(st.characters(codec="utf-8", exclude_characters="\0")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("aé\"\\", max_size=3), inner),
    max_leaves=10,
)  # fmt: skip


class TestParseJson:
    def test_a_number_is_what_it_says(self) -> None:
        assert str(parse_json("[0.10, 1e400, 12345678901234567890]")) == str(
            [Decimal("0.10"), Decimal("1E+400"), 12345678901234567890]
        )

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("", "Expecting value in line 1, column 1"),
            ('{\n"a": }', "Expecting value in line 2, column 6"),
            ("[1] []", "Extra data"),
            ("\ufeff1", "Expecting value in line 1, column 1"),
            (b"\xff\xfe1\0", "not UTF-8"),
            (b'"\xed\xa0\x80"', "not UTF-8"),
            ('{"a": 1, "b": [{"c": 1, "c": 1}]}', 'the member "c" twice'),
            ("[NaN]", "NaN is not JSON"),
            ("-Infinity", "-Infinity is not JSON"),
            ("9" * 5000, "a number has more than 4,300 digits"),
            ("0." + "9" * 5000, "a number has too many digits: 0.99"),
            ("1e10000", "a number has too many digits: 1e10000"),
            ('"a\tb"', "Invalid control character"),
        ],
    )
    def test_what_means_nothing_or_two_things_is_refused(self, text: str | bytes, reason: str) -> None:
        with pytest.raises(JsonInvalid, match=reason):
            parse_json(text)

    def test_many_members_with_one_twice_are_refused_soon(self) -> None:
        text = "{" + ",".join(f'"{n}":1' for n in range(200_000)) + ',"199999":2}'
        with pytest.raises(JsonInvalid, match='"199999" twice'):
            parse_json(text)


class TestWriteJson:
    @STABLE
    @given(DOCUMENTS)
    def test_it_says_what_was_read(self, document: Any) -> None:
        assert parse_json(write_json(document)) == document

    @pytest.mark.parametrize("document", ["\0", "\ud800", {"\udc00": 1}, [{"a": ["\0"]}]])
    def test_what_cannot_be_stored_is_refused(self, document: Any) -> None:
        with pytest.raises(JsonInvalid, match="NUL or half a surrogate pair"):
            write_json(document)

    def test_depth_has_an_end(self) -> None:
        deepest: Any = []
        for _ in range(MAX_DEPTH - 1):
            deepest = [deepest]
        assert len(write_json(deepest)) == 2 * MAX_DEPTH
        with pytest.raises(JsonInvalid, match="200 levels deep"):
            write_json({"a": deepest})

    @pytest.mark.parametrize("text", ["[" * 100_000 + "]" * 100_000, '{"a":' * 5000 + "1" + "}" * 5000])
    def test_what_is_bottomless_is_refused_by_one_or_the_other(self, text: str) -> None:
        with pytest.raises(JsonInvalid, match="200 levels deep"):
            write_json(parse_json(text))

    def test_an_escape_that_is_written_out_is_text(self) -> None:
        assert write_json(r"\u0000") == r'"\\u0000"'


class TestIsStorableText:
    @pytest.mark.parametrize(("text", "storable"), [("", True), ("😀", True), ("a\0", False), ("\ud83d", False)])
    def test_neither_nul_nor_half_a_pair(self, text: str, storable: bool) -> None:
        assert is_storable_text(text) is storable
