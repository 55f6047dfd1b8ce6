import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.imports.source.census import EXCERPT_BYTES, Census
from tests.imports.source.writings import OTHER, WESTERN


def census(content: bytes, block: int = 1 << 20) -> Census:
    """The census of a file that comes in blocks of that size."""
    taken = Census()
    for start in range(0, len(content), block):
        taken.take(content[start : start + block])
    return taken


class TestCensus:
    @pytest.mark.parametrize("text", WESTERN)
    def test_western_writing_is_cp1252(self, text: str) -> None:
        assert census(b"id,t\n" + text.encode("cp1252")).speaks_for_cp1252

    @pytest.mark.parametrize("name", OTHER)
    def test_other_writing_is_not(self, name: str) -> None:
        taken = census(OTHER[name].encode(name))
        assert not taken.speaks_for_cp1252
        assert not taken.is_utf8
        assert not taken.is_mixed

    @pytest.mark.parametrize("text", [*WESTERN, *OTHER.values()])
    def test_utf_8_is_utf_8(self, text: str) -> None:
        assert census(text.encode() + b"caf\xe9\n").is_utf8

    @pytest.mark.parametrize("text", WESTERN[1:7])
    def test_both_in_one_file_are_neither(self, text: str) -> None:
        taken = census(text.encode() + text.encode("cp1252") * 2)
        assert taken.is_mixed
        assert not taken.is_utf8
        assert not taken.speaks_for_cp1252

    def test_halves_of_pairs_are_characters_of_utf_8(self) -> None:
        content = "id,name\n1,José\n3,\ud83d\ude00\n".encode("utf-8", "surrogatepass")
        assert census(content).is_utf8
        assert census(content * 1000, 7).is_utf8

    @given(st.binary(max_size=60), st.integers(1, 9))
    def test_does_not_depend_on_blocks(self, content: bytes, block: int) -> None:
        whole, parts = census(content), census(content, block)
        assert whole.speaks_for_cp1252 == parts.speaks_for_cp1252
        assert whole.is_utf8 == parts.is_utf8

    def test_keeps_lines_that_are_not_ascii(self) -> None:
        assert census(b"id,t\n1,a\n2,caf\xe9\n3,b\n4,\xfc\n").excerpt == b"2,caf\xe9\n4,\xfc\n"
        assert census(b"1,\xfc").excerpt == b"1,\xfc"
        long = census(b"1,\xfc\n" * 100_000).excerpt
        assert EXCERPT_BYTES <= len(long) < EXCERPT_BYTES + 5
        assert len(census(b"\xfc" * 3_000_000).excerpt) == EXCERPT_BYTES
