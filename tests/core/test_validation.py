import json
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, core_schema
from pydantic_core._pydantic_core import list_all_errors

from app.access.keys.models import ApiKeyCreate
from app.core.validation import find_misfits, members_at, misfits_of_members
from app.datasets.bodies import DatasetCreate, DatasetUpdate
from app.imports.models import ImportCreate

BODIES: list[type[BaseModel]] = [DatasetCreate, DatasetUpdate, ImportCreate, ApiKeyCreate]
STABLE = settings(deadline=None, derandomize=True, max_examples=120)
# How the framework's own sentences sound.
FOREIGN = ("Input should", "should be", "should have", "Field required", "Value error", "not permitted", "valid ")
SCALARS = st.none() | st.booleans() | st.integers(-5, 2**70) | st.floats(allow_nan=False) | st.text(max_size=5)
ANYTHING = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)


def _errors(model: type[BaseModel], document: Any) -> list[ErrorDetails]:
    """The framework's validation errors for a document, as it reports them for a request's body."""
    try:
        model.model_validate(document)
    except ValidationError as error:
        return [{**item, "loc": ("body", *item["loc"])} for item in error.errors()]
    return []


def _messages(model: type[BaseModel], document: Any) -> list[tuple[str, str]]:
    return [
        ("/".join(map(str, found.path)), found.message)
        for found in find_misfits(_errors(model, document), document, model)
    ]


def _near(model: type[BaseModel]) -> st.SearchStrategy[Any]:
    """Documents that are nearly of a type: some of its members, with anything in them, also within one another."""
    inner = [*members_at(model, ["columns"]), *members_at(model, ["options"])]
    parts = st.dictionaries(st.sampled_from(inner), ANYTHING, max_size=4) if inner else ANYTHING
    values = ANYTHING | parts | st.lists(parts, max_size=2) | st.dictionaries(st.text(max_size=3), parts, max_size=2)
    return st.dictionaries(st.sampled_from(members_at(model, [])) | st.text(max_size=5), values, max_size=5)


class TestFindMisfits:
    @pytest.mark.parametrize("model", BODIES)
    def test_no_sentence_of_the_framework_is_left(self, model: type[BaseModel]) -> None:
        @STABLE
        @given(_near(model) | ANYTHING)
        def check(document: Any) -> None:
            errors = _errors(model, document)
            for found in find_misfits(errors, document, model):
                assert found.message
                assert not any(words in found.message for words in FOREIGN), found.message
                assert found.message not in {error["msg"] for error in errors if error["type"] in ERROR_TYPES}
                _is_in(document, found.path)

        check()

    def test_every_error_of_the_framework_has_a_sentence(self) -> None:
        for info in list_all_errors():
            error = {
                "type": info["type"],
                "loc": ("query", "x"),
                "msg": info["example_message_python"],
                "input": 1,
                "ctx": info["example_context"] or {},
            }
            if info["type"] in ("value_error", "assertion_error"):
                error["ctx"] = {"error": ValueError("ours")}
            (found,) = find_misfits([error], None, None)
            assert found.message
            assert found.message != info["example_message_python"]
            assert not any(words in found.message for words in FOREIGN), found.message

    def test_the_kinds_of_a_value_are_one_mistake(self) -> None:
        column = {"name": "x", "type": "integer", "min": [1]}
        assert _messages(DatasetCreate, {"name": "a", "columns": [column]}) == [
            ("columns/0/min", "it takes a number or a text, not an array")
        ]

    @pytest.mark.parametrize(
        ("model", "document", "path", "message"),
        [
            (DatasetCreate, {}, "name", "it is missing"),
            (DatasetCreate, [], "", "it takes an object, not an array"),
            (DatasetCreate, {"name": "a", "kee": []}, "kee", "there is no member 'kee' here. Did you mean 'key'?"),
            (ImportCreate, {"filename": ""}, "filename", "it takes 1 or more characters, not ''"),
            (ImportCreate, {"filename": "a", "size": -1}, "size", "it must not be less than 0, not -1"),
            (
                ImportCreate,
                {"filename": "a", "mode": "put"},
                "mode",
                "it takes one of: append, upsert, replace, not 'put'",
            ),
            (ApiKeyCreate, {"name": "a", "scopes": []}, "scopes", "it takes 1 or more values"),
        ],
    )
    def test_each_says_what_it_takes(self, model: type[BaseModel], document: Any, path: str, message: str) -> None:
        assert (path, message) in _messages(model, document)

    def test_a_long_value_is_cut(self) -> None:
        ((_, message),) = _messages(ImportCreate, {"filename": "a", "mode": "x" * 10_000})
        assert len(message) < 200


class TestMembersAt:
    def test_of_an_object_within_arrays_and_objects(self) -> None:
        assert "max_length" in members_at(DatasetCreate, ["columns", 0])
        assert "fill" in members_at(DatasetUpdate, ["columns", "price"])
        assert "delimiter" in members_at(ImportCreate, ["options"])


class TestMisfitsOfMembers:
    def test_values_are_left_out_if_they_must_not_be_told(self) -> None:
        with pytest.raises(ValidationError) as raised:
            ImportCreate.model_validate({"filename": "a", "mode": "hunter2"})
        (found,) = misfits_of_members(raised.value, with_values=False)
        assert "hunter2" not in found.message


ERROR_TYPES = frozenset(get_args(core_schema.ErrorType)) - {"value_error", "assertion_error"}


def _is_in(document: Any, path: tuple[str | int, ...]) -> None:
    """Check that all of a path but its end is in a document."""
    for part in path[:-1]:
        document = document[part]
    assert json.dumps(document, default=str) is not None
