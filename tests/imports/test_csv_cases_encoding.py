"""Hard files, cases 30 to 34: encodings."""

import codecs

import pytest

from tests.imports.conftest import Importer, rejection

# More than a sample, so that only the whole file can tell.
FAR = "".join(f"{number},plain text that goes on for a while\n" for number in range(1, 10_001))


class TestUndeclared:
    async def test_case_30_cp1252_far_into_the_file(self, importer: Importer) -> None:
        shown = await importer("d", ("id,t\n" + FAR + "10001,5 € and a friend’s\n10002,café\n").encode("cp1252"))
        assert shown["status"] == "succeeded"
        assert shown["dialect"]["encoding"] == "cp1252"
        warning = "The file is not UTF-8 and was read as cp1252. Give its `encoding` if its letters are wrong."
        assert shown["warnings"] == [warning]
        records = await importer.records("d")
        assert [record["t"] for record in records[-2:]] == ["5 € and a friend’s", "café"]

    async def test_case_30_in_the_header_too(self, importer: Importer) -> None:
        shown = await importer("d", "id,größe\n1,x\n2\n".encode("cp1252"), on_reject="skip")
        assert shown["dialect"]["encoding"] == "cp1252"
        assert shown["renamed"] == {"größe": "grosse"}
        message = "expected 2 fields, found 1"
        assert shown["rejections"] == [rejection(3, 2, 13, None, "2", "too_few_fields", message)]

    async def test_case_32_one_bad_byte_among_utf_8(self, importer: Importer) -> None:
        rows = FAR * 5 + "50001,caf\xff and more\n50002,müde\n"
        content = ("id,t\n" + rows).encode().replace("\xff".encode(), b"\xff")
        shown = await importer("d", content, on_reject="skip")
        assert shown["dialect"]["encoding"] == "utf-8"
        offset = 5 + 5 * len(FAR)
        message = "byte ff at 3 of the cell is not UTF-8"
        assert shown["rejections"] == [
            rejection(50_002, 50_001, offset, "t", "caf\\xff and more", "invalid_encoding", message)
        ]
        assert shown["result"]["added"] == 50_001

    async def test_case_32_spoils_no_type(self, importer: Importer) -> None:
        shown = await importer("d", b"id,t\n1,\xc3\xa9\n2\xff,x\n3,y\xe2\x82\n", on_reject="skip")
        assert [column["type"] for column in shown["columns"]] == ["integer", "text"]
        assert shown["rejections"] == [
            rejection(3, 2, 10, "id", "2\\xff", "invalid_encoding", "byte ff at 1 of the cell is not UTF-8"),
            rejection(4, 3, 15, "t", "y\\xe2\\x82", "invalid_encoding", "byte e2 82 at 1 of the cell is not UTF-8"),
        ]


class TestUtf16:
    @pytest.mark.parametrize(
        ("codec", "mark"),
        [
            ("utf-16-le", codecs.BOM_UTF16_LE),
            ("utf-16-be", codecs.BOM_UTF16_BE),
            ("utf-16-le", b""),
            ("utf-16-be", b""),
        ],
    )
    async def test_case_31_with_and_without_a_mark(self, importer: Importer, codec: str, mark: bytes) -> None:
        content = mark + 'id,t\r\n1,"é😀\n€"\r\n2\r\n3,x\r\n'.encode(codec)
        shown = await importer("d", content, on_reject="skip")
        assert shown["dialect"]["encoding"] == codec
        message = "expected 2 fields, found 1"
        offset = len(mark) + 2 * len('id,t\r\n1,"é--\n€"\r\n')
        assert shown["rejections"] == [rejection(4, 2, offset, None, "2", "too_few_fields", message)]
        assert [record["t"] for record in await importer.records("d")] == ["é😀\n€", "x"]


class TestBytes:
    async def test_case_33_a_nul_is_an_error_of_its_row(self, importer: Importer) -> None:
        shown = await importer("d", b'id,t\n1,a\0b\n2,"\0"\n3,c\n', on_reject="skip")
        message = "a NUL character, which no text may hold"
        assert shown["rejections"] == [
            rejection(2, 1, 5, "t", "a␀b", "nul_character", message),
            rejection(3, 2, 11, "t", "␀", "nul_character", message),
        ]
        assert [record["t"] for record in await importer.records("d")] == ["c"]

    async def test_case_33_a_nul_in_the_header_is_shown(self, importer: Importer) -> None:
        shown = await importer("d", b"a\0b,c\n1,2\n")
        assert shown["status"] == "succeeded"
        assert shown["renamed"] == {"a␀b": "ab"}
        assert await importer.records("d") == [{"ab": 1, "c": 2}]

    async def test_case_34_trail_bytes_are_not_structural(self, importer: Importer) -> None:
        # In Shift-JIS the second byte of 表 is 0x5C, a backslash, and that of ポ is 0x7C, a pipe.
        content = 'id|t\n1|"表""ポ"\n2|ソ表ポ\n3\n'.encode("shift_jis")
        options = {"encoding": "shift_jis"}
        shown = await importer("d", content, options=options, on_reject="skip")
        assert shown["dialect"]["encoding"] == "shift_jis"
        assert shown["dialect"]["delimiter"] == "|"
        message = "expected 2 fields, found 1"
        assert shown["rejections"] == [rejection(4, 3, 25, None, "3", "too_few_fields", message)]
        assert [record["t"] for record in await importer.records("d")] == ['表"ポ', "ソ表ポ"]

    async def test_case_34_a_wrong_declaration_is_a_clear_failure(self, importer: Importer) -> None:
        shown = await importer("d", b"id,t\n1,\xd8\x00", options={"encoding": "utf-16"})
        assert shown["problem"]["type"] == "/problems/encoding-mismatch"
