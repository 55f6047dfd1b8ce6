"""JSON documents, which keep the digits that they were sent with."""

import pytest

from app.columns.types.registry import TYPES

JSON = TYPES["json"]


@pytest.mark.parametrize("text", ['{"a":1.0}', "1e3", "[]", '"x"'])
def test_a_document_stays_as_it_is(text: str) -> None:
    assert JSON.show(JSON.parse(text)) == text


@pytest.mark.parametrize("text", ["{", "nul", ""])
def test_what_is_no_document_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a JSON value"):
        JSON.parse(text)
