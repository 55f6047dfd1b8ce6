import pytest
from pydantic_core import PydanticCustomError

from app.columns.type_names import check_type_name
from app.columns.types.registry import TYPES


def _refuse(name: str) -> tuple[str, str]:
    with pytest.raises(PydanticCustomError) as raised:
        check_type_name(name)
    return raised.value.message(), str((raised.value.context or {})["hint"])


class TestCheckTypeName:
    @pytest.mark.parametrize("name", [*TYPES, 5, None])
    def test_types_and_what_is_no_text_pass(self, name: object) -> None:
        assert check_type_name(name) == name

    @pytest.mark.parametrize(
        ("name", "meant"),
        [
            ("String", "'text'"),
            ("character varying", "'text'"),
            ("INT", "'integer'"),
            ("double precision", "'number'"),
            ("float", "'number' or 'decimal'"),
            ("int8", "'integer' or 'bigint'"),
            ("timestamptz", "'datetime'"),
            ("jsonb", "'json'"),
            ("numeric(10,2)", "'decimal'"),
            ("Boolean ", "'boolean'"),
            ("intger", "'integer'"),
        ],
    )
    def test_what_other_databases_call_it_is_understood(self, name: str, meant: str) -> None:
        assert _refuse(name)[0].endswith(f"Did you mean {meant}?")

    @pytest.mark.parametrize(
        ("name", "hint"),
        [
            ("varchar(80)", '"max_length": 80.'),
            ("numeric(10)", '"precision": 10, "scale": 0.'),
            ("money", '"precision": 12, "scale": 2.'),
            ("float", "number is a double."),
            ("int8", "bigint has 64 bits, as a text."),
        ],
    )
    def test_its_size_is_said_as_it_is_here(self, name: str, hint: str) -> None:
        assert _refuse(name)[1].endswith(hint)

    def test_of_others_all_types_are_listed(self) -> None:
        message, hint = _refuse("x" * 1000)
        assert message == f"there is no type '{'x' * 100}'."
        assert hint == f"The types are: {', '.join(TYPES)}."
