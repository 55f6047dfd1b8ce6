"""Texts: any characters that PostgreSQL can hold."""

import json

import pytest

from app.columns.types.registry import TYPES

TEXT = TYPES["text"]


@pytest.mark.parametrize("text", ["", "a", "é 🎉", '"'])
def test_a_text_comes_back(text: str) -> None:
    assert json.loads(TEXT.show(TEXT.parse(text))) == text


def test_nul_is_refused() -> None:
    with pytest.raises(ValueError, match="any characters but NUL"):
        TEXT.parse("a\0")
