import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.columns.column import is_name
from app.local.file_names import MAX_CHARACTERS, announced_name, dataset_name, folder_dataset_name


class TestNames:
    @settings(deadline=None, derandomize=True)
    @given(st.text(max_size=300))
    def test_any_file_has_one_that_is_taken(self, name: str) -> None:
        readable = name.encode("utf-8", "replace").decode()
        assert 0 < len(announced_name(readable)) <= MAX_CHARACTERS
        assert is_name(dataset_name(readable))
        assert is_name(folder_dataset_name(readable))

    def test_bytes_that_are_no_text_are_no_obstacle(self) -> None:
        assert announced_name(os.fsdecode(b"caf\xe9/a.csv")) == "caf\N{REPLACEMENT CHARACTER}_a.csv"

    @pytest.mark.parametrize(
        ("folder", "dataset"),
        [("My Folder", "my_folder"), ("prices.csv", "prices_csv"), ("2024", "n_2024"), ("…", "data")],
    )
    def test_a_folder_keeps_its_ending(self, folder: str, dataset: str) -> None:
        assert folder_dataset_name(folder) == dataset
