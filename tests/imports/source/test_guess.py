import pytest

from app.datasets.import_options import ENCODINGS
from app.imports.source.guess import guess_encoding
from tests.imports.source.writings import OTHER, WESTERN


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
