import pytest

from app.columns.patterns import anchored, matcher


class TestMatcher:
    @pytest.mark.parametrize(
        ("pattern", "text", "fits"),
        [
            ("[A-Z]{2}[0-9]+", "AB12", True),
            ("[A-Z]{2}[0-9]+", "xAB12", False),
            ("[A-Z]{2}[0-9]+", "AB12\n", False),
            ("a|b", "ab", False),
            ("a|b", "b", True),
            ("", "", True),
            ("é.", "é\N{GRINNING FACE}", True),
            (r"\d", "٣", False),
        ],
    )
    def test_the_whole_text_has_to_fit(self, pattern: str, text: str, fits: bool) -> None:
        assert matcher(pattern)(text) is fits

    @pytest.mark.parametrize(
        ("pattern", "reason"),
        [
            ("[", "missing ]"),
            ("a)|(b", r"unexpected \)"),
            (r"(a)\1", "invalid escape sequence"),
            ("(?=a)", "invalid perl operator"),
            ("a{2000}", "invalid repetition size"),
        ],
    )
    def test_what_is_no_pattern_of_re2_is_refused(self, pattern: str, reason: str) -> None:
        with pytest.raises(ValueError, match=reason):
            matcher(pattern)

    def test_no_pattern_takes_long(self) -> None:
        assert not matcher("(a*)*b")("a" * 100_000)

    def test_alternatives_stay_together_in_an_expression(self) -> None:
        assert anchored("a|b") == "^(?:a|b)$"
