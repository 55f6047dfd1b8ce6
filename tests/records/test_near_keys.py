from app.records.near_keys import MAX_CANDIDATES, near_keys
from tests.records.schemas import make_schema


class TestNearKeys:
    def test_zeros_case_and_what_surrounds_it(self) -> None:
        columns = make_schema({"k": {"type": "text", "required": True}}, "k").key
        assert ("000364",) in near_keys(columns, ["364"])
        assert ("364",) in near_keys(columns, ["000364"])
        assert ("ab-1",) in near_keys(columns, [" AB-1/"])
        assert ("a",) in near_keys(columns, ["a.json"])

    def test_they_are_bounded_and_never_the_key_itself(self) -> None:
        names = [f"k{number}" for number in range(8)]
        schema = make_schema({name: {"type": "text", "required": True} for name in names}, *names)
        candidates = near_keys(schema.key, ["7"] * 8)
        assert len(candidates) == MAX_CANDIDATES
        assert ("7",) * 8 not in candidates

    def test_only_texts_are_varied(self) -> None:
        assert near_keys(make_schema({"n": "integer"}).key, ["7"]) == []
