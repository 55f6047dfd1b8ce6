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

    async def test_case_30_in_the_header_of_a_later_file(self, importer: Importer) -> None:
        await importer("d", "id,größe\n1,x\n")
        shown = await importer("d", "id,größe\n2,ß\n".encode("cp1252"))
        assert shown["status"] == "succeeded"
        records = await importer.records("d")
        assert [(record["id"], record["grosse"]) for record in records] == [(1, "x"), (2, "ß")]


CYRILLIC = "уканот;лицша;дом;тип\n1;Энаы;2;Яшук\n2;Эон;3;Эрьет\n"
OTHERS = {
    "cp1251": "имя;город\nАнна;Москва\nПётр;Казань\n",
    "koi8-r": "имя;город\nАнна;Москва\nПётр;Казань\n",
    "cp1253": "όνομα;πόλη\nΓιώργος;Αθήνα\nΜαρία;Θεσσαλονίκη\n",
    "shift_jis": "名前;都市\n田中太郎;東京\n鈴木花子;大阪\n",
    "euc_jp": "名前;都市\n田中太郎;東京\n鈴木花子;大阪\n",
    "gbk": "姓名;城市\n王小明;北京\n李丽;上海\n",
    "big5": "姓名;城市\n王小明;臺北\n李麗;高雄\n",
    "euc_kr": "이름;도시\n김철수;서울\n이영희;부산\n",
    "mac-roman": "città;über\nCafé;Señor\nélève;Málaga\nForêt;naïve\n",
}
# Names of the same encoding, or of one that has all of its characters.
ALIKE = {"shift_jis": "cp932", "euc_jp": "euc-jp", "gbk": "gb18030", "euc_kr": "cp949"}


class TestOtherWriting:
    """A guess is offered and not applied: two encodings may both make sense of the bytes."""

    async def test_case_73_no_name_is_made_of_what_cannot_be_read(self, importer: Importer) -> None:
        content = CYRILLIC.encode("cp1251")
        shown = await importer("d", content, on_reject="skip")
        assert shown["problem"]["type"] == "/problems/encoding-unknown"
        assert shown["problem"]["hint"] == "The file is not UTF-8; it may be cp1251: give its `encoding`."
        assert not shown["columns"]
        assert not (await importer.dataset("d"))["columns"]
        shown = await importer("d", content, options={"encoding": "cp1251"})
        assert [column["label"] for column in shown["columns"]] == ["уканот", "лицша", "дом", "тип"]
        assert shown["result"]["added"] == 2

    @pytest.mark.parametrize("name", OTHERS)
    @pytest.mark.parametrize("on_reject", ["abort", "skip"])
    async def test_case_73_is_refused_with_a_guess(self, importer: Importer, name: str, on_reject: str) -> None:
        content = OTHERS[name].encode(name)
        shown = await importer("d", content, on_reject=on_reject)
        assert shown["status"] == "failed"
        assert f"it may be {ALIKE.get(name, name)}: give its `encoding`" in shown["problem"]["hint"]

    async def test_case_73_below_a_header_of_ascii(self, importer: Importer) -> None:
        rows = "id,t\n" + "".join(f"{number},Привет мир\n" for number in range(1, 40)) + "40,x\n"
        shown = await importer("d", rows.encode("cp1251"))
        hint = "The file is not UTF-8; it may be cp1251: give its `encoding`."
        assert shown["problem"]["type"] == "/problems/rows-rejected"
        assert shown["problem"]["hint"].endswith(f" {hint}")
        shown = await importer("d", rows.encode("cp1251"), on_reject="skip")
        assert (shown["result"]["added"], shown["warnings"]) == (1, [hint])
        assert {total["code"] for total in shown["totals"]} == {"invalid_encoding"}

    async def test_a_header_that_is_not_of_the_encoding_given(self, importer: Importer) -> None:
        shown = await importer("d", "größe,n\n1,2\n".encode("cp1252"), options={"encoding": "utf-8"})
        assert shown["problem"]["type"] == "/problems/encoding-mismatch"
        assert "line 1 holds bytes that are not utf-8: 'gr\\xf6\\xdfe'" in shown["problem"]["detail"]

    async def test_another_latin_encoding_is_named(self, importer: Importer) -> None:
        content = "jméno,město\n" + "Tomáš,Plzeň\nLukáš,Třebíč\nJiří,Děčín\n" * 30
        shown = await importer("d", content.encode("cp1250"))
        assert shown["dialect"]["encoding"] == "cp1252"
        assert "Give its `encoding`, as cp1250, if its letters are wrong." in shown["warnings"][0]

    @pytest.mark.parametrize("store", ["relational", "keyvalue"])
    async def test_case_73_loses_nothing_of_a_dataset_with_columns(self, importer: Importer, store: str) -> None:
        columns = [{"name": "id", "type": "integer", "required": True}, {"name": "t", "type": "text", "label": "имя"}]
        await importer.client.post("/datasets", json={"name": "d", "store": store, "columns": columns, "key": ["id"]})
        await importer("d", "id,имя\n1,Анна\n")
        later = "id,имя\n2,Пётр\n".encode("cp1251")
        shown = await importer("d", later, mode="replace", on_reject="skip")
        assert shown["problem"]["type"] == "/problems/encoding-unknown"
        assert (await importer.client.get("/datasets/d/records/1")).json()["t"] == "Анна"
        await importer("d", later, mode="replace", options={"encoding": "cp1251"})
        assert (await importer.client.get("/datasets/d/records/2")).json()["t"] == "Пётр"

    async def test_two_encodings_in_one_file_spoil_no_letter(self, importer: Importer) -> None:
        content = "id,t\n1,größer\n".encode() + "2,café\n3,Köln\n4,Straße\n5,x\n".encode("cp1252")
        shown = await importer("d", content)
        assert "Part of the file is UTF-8 and part is not" in shown["problem"]["hint"]
        await importer("d", content, on_reject="skip")
        assert [record["t"] for record in await importer.records("d")] == ["größer", "x"]


class TestSurrogates:
    async def test_pairs_in_utf_8_spoil_their_row_alone(self, importer: Importer) -> None:
        content = b"id,name\n1,Jos\xc3\xa9\n2,Mu\xc3\xb1oz\n3,\xed\xa0\xbd\xed\xb8\x80\n"
        shown = await importer("d", content, on_reject="skip")
        assert shown["dialect"]["encoding"] == "utf-8"
        assert [(fault["line"], fault["code"]) for fault in shown["rejections"]] == [(4, "invalid_encoding")]
        assert [record["name"] for record in await importer.records("d")] == ["José", "Muñoz"]

    async def test_half_a_pair_in_utf_16_does_too(self, importer: Importer) -> None:
        text = "id,name\n1,\ud83d\n2,\ud83d\ude00\n3\n"
        content = codecs.BOM_UTF16_LE + text.encode("utf-16-le", "surrogatepass")
        shown = await importer("d", content, on_reject="skip")
        places = [(fault["line"], fault["offset"], fault["code"]) for fault in shown["rejections"]]
        assert places == [(2, 18, "invalid_encoding"), (4, 36, "too_few_fields")]
        assert [record["name"] for record in await importer.records("d")] == ["😀"]


class TestMarks:
    @pytest.mark.parametrize(
        ("mark", "name"),
        [
            (codecs.BOM_UTF8 * 2, "utf-8"),
            (codecs.BOM_UTF8 + codecs.BOM_UTF16_LE, "utf-16-le"),
            (codecs.BOM_UTF16_BE * 2, "utf-16-be"),
        ],
    )
    async def test_one_behind_the_other(self, importer: Importer, mark: bytes, name: str) -> None:
        shown = await importer("d", mark + '"id","t"\n1,é\n2\n'.encode(name), on_reject="skip")
        assert [column["label"] for column in shown["columns"]] == ["id", "t"]
        assert shown["rejections"][0]["offset"] == len(mark + '"id","t"\n1,é\n'.encode(name))

    async def test_of_utf_16_before_utf_8(self, importer: Importer) -> None:
        shown = await importer("d", codecs.BOM_UTF16_LE + b"id,t\n1,a\n")
        assert shown["problem"]["type"] == "/problems/encoding-mismatch"
        await importer("d", codecs.BOM_UTF16_LE + b"id,t\n1,a\n", options={"encoding": "utf-8"})
        assert [(record["id"], record["t"]) for record in await importer.records("d")] == [(1, "a")]

    async def test_before_a_byte_too_many(self, importer: Importer) -> None:
        shown = await importer("d", codecs.BOM_UTF16_LE + "id,t\n1,a\n".encode("utf-16-le") + b"\n")
        assert shown["problem"]["type"] == "/problems/file-damaged"
        assert "utf-16-le" in shown["problem"]["detail"]


class TestControls:
    @pytest.mark.parametrize("delimiter", ["\x01", "\x02", "\x1f"])
    async def test_delimit_where_they_are_given(self, importer: Importer, delimiter: str) -> None:
        content = "id,name,n\n1,Ana,5\n2,Lu;is,6\n".replace(",", delimiter)
        shown = await importer("d", content, options={"delimiter": delimiter, "header": True})
        assert shown["status"] == "succeeded"
        found = [(record["id"], record["name"], record["n"]) for record in await importer.records("d")]
        assert found == [(1, "Ana", 5), (2, "Lu;is", 6)]


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
