from typing import Any

import pytest

from app.datasets.alter.hints import propose_settings
from tests.datasets.conversion import column


class TestProposeSettings:
    def test_they_are_few_whatever_the_texts_are(self) -> None:
        texts = ["".join(chr(33 + (number * place) % 500) for place in range(1, 40)) for number in range(300)]
        texts += [f"{number} u{chr(97 + number % 26)}" for number in range(300)]
        for kind in ("decimal(5,2)", "integer", "boolean", "date", "datetime", "uuid"):
            assert len(propose_settings(column(kind), texts, texts)) < 60

    @pytest.mark.parametrize("texts", [[], [""], ["€"], ["-"], ["()"], ["." * 50], ["0"], ["\0"]])
    def test_texts_without_numbers(self, texts: list[Any]) -> None:
        for kind in ("decimal(5,2)", "boolean", "date"):
            for settings in propose_settings(column(kind), texts, []):
                assert "units" not in settings
