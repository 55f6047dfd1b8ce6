"""Encodings of files: by the mark, the first bytes, all bytes, or a guess."""

import codecs

import numpy as np
import pytest

from app.imports.errors import EncodingMismatch, FileDamaged, FileNotCsv
from app.imports.source.encoding import Encoding, decoder, find_encoding

TABLE = "id,name\n1,a\n2,b\n"
UTF8, UTF16, UTF16_BE = codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE


class TestMarks:
    @pytest.mark.parametrize(
        ("marks", "name"),
        [
            (UTF8 + UTF8, "utf-8"),
            (UTF8 + UTF16, "utf-16-le"),
            (UTF8 + UTF16_BE, "utf-16-be"),
            (UTF16 + UTF16, "utf-16-le"),
            (UTF16_BE + UTF16_BE, "utf-16-be"),
        ],
    )
    def test_one_behind_the_other(self, marks: bytes, name: str) -> None:
        found = find_encoding(marks + TABLE.encode(name), None)
        assert found == Encoding(name, len(marks))

    def test_a_character_that_looks_like_another_mark(self) -> None:
        assert find_encoding(UTF16 + "믯,b\n1,2\n".encode("utf-16-le"), None) == Encoding("utf-16-le", 2)

    @pytest.mark.parametrize("mark", [UTF16, UTF16_BE])
    def test_of_utf_16_before_other_text(self, mark: bytes) -> None:
        with pytest.raises(EncodingMismatch, match="begins with the mark of utf-16") as refused:
            find_encoding(mark + TABLE.encode(), None)
        assert "`encoding`" in (refused.value.hint or "")
        assert find_encoding(mark + TABLE.encode(), "utf-8") == Encoding("utf-8", 2)

    @pytest.mark.parametrize("text", ["名,前\n一,二\n", "a,b\n"])
    def test_of_utf_16_before_utf_16(self, text: str) -> None:
        assert find_encoding(UTF16 + text.encode("utf-16-le"), None) == Encoding("utf-16-le", 2)


class TestWideWithoutMark:
    @pytest.mark.parametrize("name", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
    @pytest.mark.parametrize("text", [TABLE, "имя,город\nОля,Киев\nИван,Рига\n" * 5])
    def test_shows_by_its_nuls(self, name: str, text: str) -> None:
        assert find_encoding(text.encode(name), None).name == name

    @pytest.mark.parametrize("name", ["utf-16-le", "utf-16-be"])
    def test_tells_which_utf_16_was_meant(self, name: str) -> None:
        assert find_encoding(TABLE.encode(name), "utf-16") == Encoding(name)

    def test_is_not_what_has_no_nul(self) -> None:
        with pytest.raises(EncodingMismatch, match="was said to be utf-16-le, but is not"):
            find_encoding(TABLE.encode(), "utf-16")

    @pytest.mark.parametrize("content", [b"id,n\n1,\0\n" * 40, b"a\0,b\n" * 40, bytes(5000)])
    def test_nuls_elsewhere_are_none(self, content: bytes) -> None:
        try:
            assert find_encoding(content, None).is_utf8
        except FileNotCsv:
            assert content.count(0) > 0.1 * len(content)


class TestControls:
    @pytest.mark.parametrize("control", [b"\x01", b"\x1e", b"\x1f"])
    def test_that_delimit_in_many_files(self, control: bytes) -> None:
        assert find_encoding(b"id,name\n1,a\n".replace(b",", control), None).is_utf8

    @pytest.mark.parametrize("control", [b"\x02", b"\x05", b"\x14", b"\x7f"])
    def test_that_the_options_name(self, control: bytes) -> None:
        content = b"id,name\n1,a\n".replace(b",", control)
        with pytest.raises(FileNotCsv):
            find_encoding(content, None)
        assert find_encoding(content, None, control + b'"').is_utf8


class TestDecoder:
    HALF = "id,t\n1,a\n2,".encode("utf-16-le") + b"\x3d\xd8" + "b\n3,c\n".encode("utf-16-le")

    def test_half_a_surrogate_pair_spoils_its_cell_alone(self) -> None:
        decode = decoder(Encoding("utf-16-le"), is_given=False)
        assert decode is not None
        decoded = decode(self.HALF, False) + decode(b"", True)
        assert decoded == b"id,t\n1,a\n2,\xed\xa0\xbdb\n3,c\n"
        assert Encoding("utf-16-le").offset(decoded, np.array([11, 14, len(decoded)])).tolist() == [22, 24, 36]

    def test_a_pair_over_the_border_of_a_block(self) -> None:
        decode = decoder(Encoding("utf-16-le"), is_given=False)
        assert decode is not None
        content = "a😀b".encode("utf-16-le")
        assert b"".join(decode(content[place : place + 1], False) for place in range(len(content))) == "a😀b".encode()

    def test_a_file_that_ends_inside_a_character(self) -> None:
        decode = decoder(Encoding("utf-16-le", 2), is_given=False)
        assert decode is not None
        with pytest.raises(FileDamaged, match="ends inside a character"):
            decode(TABLE.encode("utf-16-le") + b"\n", True)

    def test_or_that_was_said_to_be_what_it_is_not(self) -> None:
        decode = decoder(Encoding("utf-16-le"), is_given=True)
        assert decode is not None
        with pytest.raises(EncodingMismatch, match="is not utf-16-le"):
            decode(b"abc", True)
