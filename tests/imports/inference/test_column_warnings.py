from typing import Any

import pytest

from app.imports.inference.column_warnings import warn_of
from app.imports.inference.infer import MAX_WARNINGS
from tests.imports.engine import Engine


def infer(values: list[str], block: int = 1 << 20, **options: Any) -> Any:
    """The inference of a column of these values, each a line after the header."""
    content = "x,row\n" + "".join(f"{value},{place}\n" for place, value in enumerate(values))
    return Engine(content.encode(), block, 1 << 20, {"header": True, "delimiter": ",", **options}).infer()[0]


class TestWarnings:
    def test_are_few_in_a_wide_file(self) -> None:
        width = 300
        content = ",".join(f"c{place}" for place in range(width)) + "\n" + ("01/02/2024," * width)[:-1] + "\n"
        engine = Engine(content.encode(), 1 << 20, 1 << 20, {"header": True})
        warnings = engine.propose().warnings
        assert len(warnings) == MAX_WARNINGS + 1
        assert warnings[-1] == "280 more columns are like these: see the evidence of each."

    @pytest.mark.parametrize("word", ["NA", "-", "**", "n/a", "suppressed"])
    def test_name_a_placeholder(self, word: str) -> None:
        warning = warn_of(infer(["5", "6", word, "7", word]))
        assert warning is not None
        assert f'nulls={word} (--null "{word}")' in warning
        assert infer(["5", "6", word, "7", word], nulls=[word]).column()[0].type == "integer"
