import pytest

from app.core.slices import slices


class TestSlices:
    @pytest.mark.parametrize(
        ("items", "expected"),
        [
            ([], []),
            ([3], [[3]]),
            ([1, 2, 3, 4], [[1, 2], [3], [4]]),
            ([9, 1, 9], [[9], [1], [9]]),
            ([0, 0, 3, 0, 1], [[0, 0, 3, 0], [1]]),
        ],
    )
    def test_each_has_so_much_weight_or_one_item(self, items: list[int], expected: list[list[int]]) -> None:
        assert list(slices(items, lambda item: item, 3)) == expected
