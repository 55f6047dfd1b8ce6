"""The list of types that everything else reads."""

import pytest

from app.columns.types.registry import TYPES


def test_each_is_called_by_its_name() -> None:
    assert [kind.name for kind in TYPES.values()] == list(TYPES)


@pytest.mark.parametrize("name", TYPES)
def test_its_example_is_a_value_of_it(name: str) -> None:
    kind = TYPES[name]
    assert kind.described
    if kind.sample is not None and isinstance(kind.sample, str):
        assert kind.read_json(kind.sample) is not None
