from app.local.first_import.comparison import Comparison, records

RESULT = {"added": 2, "changed": 1, "unchanged": 1000}


class TestComparison:
    def test_records_that_are_not_in_the_file_are_counted(self) -> None:
        comparison = Comparison.of({"key": ["a"]}, 1500, RESULT)
        assert (comparison.rows, comparison.only_here) == (1003, 499)
        assert comparison.describe() == (
            "Of the file's 1,003 records, 2 would be added, 1 would change one that is there, and 1,000 are there as "
            "they are. 499 records of the dataset are not in the file."
        )

    def test_without_a_key_none_matches(self) -> None:
        comparison = Comparison.of({"key": []}, 1, {"added": 5, "changed": 0, "unchanged": 0})
        assert comparison.only_here == 1
        assert comparison.describe().endswith(
            "Replaced, all of its 1 record would go, whether they are in the file or not."
        )

    def test_a_count_that_has_changed_meanwhile_is_none_below_zero(self) -> None:
        assert Comparison.of({"key": ["a"]}, 5, RESULT).only_here == 0


class TestRecords:
    def test_one_and_many(self) -> None:
        assert [records(count) for count in (0, 1, 1234)] == ["0 records", "1 record", "1,234 records"]
