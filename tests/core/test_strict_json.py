from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.strict_json import (
    MAX_DEPTH,
    DocumentTooLarge,
    JsonInvalid,
    is_storable_text,
    parse_json,
    parse_stored,
    write_json,
)

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
            ("9" * 5000, "a number has more than 500 digits"),
            ("0." + "9" * 5000, "a number has more than 500 digits before or after the point: 0.99"),
            ("1e10000", "500 digits before or after the point: 1e10000"),
            ("1E+99999999999999999999", "500 digits before or after the point"),
            ("1" + "0" * 300 + "e200", "500 digits before or after the point"),
            ("0." + "0" * 300 + "1e-200", "500 digits before or after the point"),
            ("0e9999", "500 digits before or after the point"),
            ("-" + "9" * 501, "500 digits before or after the point"),
            ('"a\tb"', "Invalid control character"),
        ],
    )
    def test_what_means_nothing_or_two_things_is_refused(self, text: str | bytes, reason: str) -> None:
        with pytest.raises(JsonInvalid, match=reason):
            parse_json(text)

    @pytest.mark.parametrize("text", ["9" * 500, "-" + "9" * 500, "1e499", "-1e499", "1e-500", "1." + "1" * 500])
    def test_the_longest_numbers_that_are_taken(self, text: str) -> None:
        assert Decimal(parse_json(write_json(parse_json(text)))) == Decimal(text)

    @pytest.mark.parametrize("number", ["5e-324", "2.2250738585072014e-308", "1.7976931348623157e308"])
    def test_every_double_is_taken(self, number: str) -> None:
        assert float(parse_json(number)) == float(number)

    @pytest.mark.parametrize("text", ["[" + ",".join(["1e499"] * 200) + "]", '"' + "x" * 100_000 + '"'])
    def test_what_becomes_larger_than_it_may_is_refused(self, text: str) -> None:
        with pytest.raises(DocumentTooLarge, match="more than 100,000 bytes"):
            parse_json(text, 100_000)
        assert parse_json(text, 110_000)

    def test_many_members_with_one_twice_are_refused_soon(self) -> None:
        text = "{" + ",".join(f'"{n}":1' for n in range(200_000)) + ',"199999":2}'
        with pytest.raises(JsonInvalid, match='"199999" twice'):
            parse_json(text)


class TestWriteJson:
    @STABLE
    @given(DOCUMENTS)
    def test_it_says_what_was_read(self, document: Any) -> None:
        assert parse_json(write_json(document)) == document

    def test_numbers_are_written_in_full(self) -> None:
        assert write_json([Decimal("1e3"), Decimal("1.50e-3"), 7]) == "[1000,0.00150,7]"

    @pytest.mark.parametrize("number", [Decimal("1e500"), Decimal("1e-501"), Decimal("9" * 501)])
    def test_a_number_that_would_not_be_read_is_refused(self, number: Decimal) -> None:
        with pytest.raises(JsonInvalid, match="500 digits"):
            write_json({"a": [number]})

    def test_its_size_has_an_end_if_one_is_given(self) -> None:
        assert write_json({"é": "é"}, 11) == '{"é":"é"}'
        with pytest.raises(DocumentTooLarge, match="more than 10 bytes"):
            write_json({"é": "é"}, 10)

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


class TestParseStored:
    def test_numbers_that_are_not_taken_any_more_are_read(self) -> None:
        assert parse_stored(f'{{"a": [{"9" * 10_000}, 1.5, 7]}}') == {"a": [Decimal("9" * 10_000), Decimal("1.5"), 7]}


class TestIsStorableText:
    @pytest.mark.parametrize(("text", "storable"), [("", True), ("😀", True), ("a\0", False), ("\ud83d", False)])
    def test_neither_nul_nor_half_a_pair(self, text: str, storable: bool) -> None:
        assert is_storable_text(text) is storable
