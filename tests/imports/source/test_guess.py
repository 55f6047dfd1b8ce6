import pytest

from app.datasets.import_options import ENCODINGS
from app.imports.source.guess import guess_encoding

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
