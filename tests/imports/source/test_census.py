import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.imports.source.census import EXCERPT_BYTES, Census


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
