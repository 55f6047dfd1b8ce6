import pytest

from app.columns.column import Column
from app.records.errors import RecordKeyInvalid
from app.records.record_key import parse_key, split_key

ONE = [Column(name="sku", type="text")]
TWO = [Column(name="region", type="text"), Column(name="year", type="text")]


class TestSplitKey:
    def test_a_single_value_is_taken_whole(self) -> None:
        assert split_key(b"/datasets/d/records/a,b%2Fc/d", "a,b/c/d", ONE) == ["a,b/c/d"]

    def test_several_are_split_before_they_are_decoded(self) -> None:
        assert split_key(b"/datasets/d/records/a%2Cb,100%25", "a,b,100%", TWO) == ["a,b", "100%"]

    def test_the_gateways_path_before_it_does_not_matter(self) -> None:
        assert split_key(b"/prod/datasets/d/records/datasets/x/records/1", "…", ONE) == ["datasets/x/records/1"]

    def test_a_path_that_a_gateway_decoded_serves_as_far_as_it_can(self) -> None:
        assert split_key(None, "a,b/c%25", ONE) == ["a,b/c%25"]
        assert split_key(None, "é,100%", TWO) == ["é", "100%"]

    @pytest.mark.parametrize("raw", [b"a", b"a,b,c"])
    def test_another_number_of_values_is_refused(self, raw: bytes) -> None:
        with pytest.raises(RecordKeyInvalid, match="The key has 2 values") as refusal:
            split_key(b"/datasets/d/records/" + raw, "", TWO)
        assert refusal.value.hint == "Join the values with commas: {region},{year}. A comma within a value is %2C."

    def test_what_is_not_utf8_is_refused(self) -> None:
        with pytest.raises(RecordKeyInvalid, match="not UTF-8"):
            split_key(b"/datasets/d/records/%ff", "", ONE)


class TestParseKey:
    def test_values_have_their_columns_types(self) -> None:
        columns = [Column(name="a", type="integer"), Column(name="b", type="text")]
        assert parse_key(["7", "x"], columns) == [7, "x"]

    def test_another_types_value_is_refused(self) -> None:
        with pytest.raises(RecordKeyInvalid, match="'x' is not an integer") as raised:
            parse_key(["x"], [Column(name="a", type="integer")])
        assert raised.value.hint == "The key is a (integer)."
