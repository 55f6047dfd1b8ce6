"""UUIDs, written in any case and shown in small letters."""

import pytest

from app.columns.types.registry import TYPES

UPPER = "2F0C8A6E-5A0E-4D0E-9E06-0C9D5D4A8F11"


def test_it_is_shown_in_small_letters() -> None:
    assert TYPES["uuid"].show(TYPES["uuid"].parse(UPPER)) == f'"{UPPER.lower()}"'


@pytest.mark.parametrize("text", ["x", UPPER[:-1], UPPER.replace("-", "")])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a UUID"):
        TYPES["uuid"].parse(text)
