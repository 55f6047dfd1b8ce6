"""What a file's characters are written in: by its mark, its first bytes, all of them, or a guess."""

import codecs

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.datasets.import_options import ENCODINGS
from app.imports.errors import EncodingMismatch, FileDamaged, FileNotCsv
from app.imports.source.census import EXCERPT_BYTES, Census
from app.imports.source.encoding import Encoding, decoder, find_encoding
from app.imports.source.guess import guess_encoding

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


def census(content: bytes, block: int = 1 << 20) -> Census:
    """The census of a file that comes in blocks of that size."""
    taken = Census()
    for start in range(0, len(content), block):
        taken.take(content[start : start + block])
    return taken


WESTERN = [
    "id,größe\n1,x\n",
    "Straße,Müller\nKöln,Düsseldorf\n",
    "Ålesund;Bodø;Tromsø;Håkon Sæther\n",
    "määrä,yö,hyöty,lääkäri,säännöllinen\n",
    "São Paulo,Conceição,Três Corações,Mogi-Guaçu\n",
    "L’œuvre – d’été;à 5 €;col·laboració\n",
    "ÉCOLE MATERNELLE,CHÂTEAU D'EAU,HÔTEL\n",
    "5 °C;10 µg/m³;1ª;nº 3;½\n",
    "„Grüße“;»ja«;‘no’\n",
    "L'Haÿ-les-Roses;Élancourt;Orléans\n" + "Évry;Créteil;Besançon;Nîmes\n" * 20,
]
OTHER = {
    "cp1251": "имя;город;улица\nАнна;Москва;Тверская\nПётр;Казань;Кремлёвская\n",
    "koi8-r": "имя;город;улица\nАнна;Москва;Тверская\nПётр;Казань;Кремлёвская\n",
    "cp866": "имя;город;улица\nАнна;Москва;Тверская\nПётр;Казань;Кремлёвская\n",
    "cp1253": "όνομα;πόλη\nΓιώργος;Αθήνα\nΜαρία;Θεσσαλονίκη\n",
    "cp1255": "שם;עיר\nדוד;ירושלים\nשרה;חיפה\n",
    "shift_jis": "名前,都市\n田中太郎,東京\n鈴木花子,大阪\n",
    "euc_jp": "名前,都市\n田中太郎,東京\n鈴木花子,大阪\n",
    "gbk": "姓名,城市,地址\n王小明,北京,朝阳区\n李丽,上海,浦东新区\n",
    "big5": "姓名,城市,地址\n王小明,臺北,信義區\n李麗,高雄,左營區\n",
    "euc_kr": "이름,도시\n김철수,서울\n이영희,부산\n",
    "mac-roman": "città,über\nCafé,Señor\nélève,Málaga\nForêt,naïve\n",
}


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


class TestGuess:
    @pytest.mark.parametrize("name", OTHER)
    def test_reads_the_text(self, name: str) -> None:
        content = OTHER[name].encode(name)
        guess = guess_encoding(content * 5, may_be_cp1252=False)
        assert guess in [codec.replace("_", "-") for codec in ENCODINGS]
        assert content.decode(guess) == OTHER[name]

    def test_takes_no_letters_at_odds_for_a_language(self) -> None:
        content = "участок;улица;дом;фио\n1;Юная;2;Ящук\n2;Эхо;3;Юрьев\n".encode("cp1251")
        assert guess_encoding(content, may_be_cp1252=False) == "cp1251"

    @pytest.mark.parametrize("text", WESTERN)
    def test_is_cp1252_for_western_writing(self, text: str) -> None:
        guess = guess_encoding(text.encode("cp1252"), may_be_cp1252=True)
        assert guess in ("cp1252", None)

    @pytest.mark.parametrize("content", [b"", b"plain", b"1,\x81\n"])
    def test_of_next_to_nothing_does_no_harm(self, content: bytes) -> None:
        guess_encoding(content, may_be_cp1252=False)
