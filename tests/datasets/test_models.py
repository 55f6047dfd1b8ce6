from app.datasets.definition import Definition, Index
from app.datasets.models import Dataset
from tests.records.schemas import make_columns

DEFINITION = Definition(
    tuple(make_columns({"a": {"type": "text", "required": True}, "b": {"type": "integer", "min": 0}})),
    ("a",),
    (Index(columns=("-b",)),),
)


class TestDataset:
    def test_what_it_takes_over_it_is(self) -> None:
        dataset = Dataset(name="d")
        dataset.define(DEFINITION)
        assert dataset.definition == DEFINITION
        assert [column.name for column in dataset.key_columns] == ["a"]

    def test_of_a_column_what_says_nothing_is_not_kept(self) -> None:
        dataset = Dataset(name="d")
        dataset.define(DEFINITION)
        assert dataset.columns[1] == {"name": "b", "type": "integer", "required": False, "unique": False, "min": 0}

    def test_without_a_key_the_number_addresses_a_record(self) -> None:
        assert [column.name for column in Dataset(name="d").key_columns] == ["_id"]
