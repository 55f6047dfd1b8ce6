"""The file that `tolva dev` is given."""

from pathlib import Path

import pytest

from app.datasets.columns import is_name
from app.local.first_import import dataset_name
from tests.local.running import RunningDev


class TestDatasetName:
    @pytest.mark.parametrize(
        ("file", "name"),
        [
            ("products.csv", "products"),
            ("Products.CSV", "products"),
            ("Köln  2024.csv.gz", "koln_2024"),
            ("a__b--c.tsv", "a_b_c"),
            ("2024 sales.csv", "n_2024_sales"),
            ("売上.csv", "data"),
            ("x" * 80 + ".csv", "x" * 63),
            ("noextension", "noextension"),
        ],
    )
    def test_is_the_files_made_legal(self, file: str, name: str) -> None:
        assert dataset_name(Path(file)) == name
        assert is_name(name)


class TestFile:
    def test_is_imported_once_and_replaced_when_it_has_changed(self, tmp_path: Path) -> None:
        file = tmp_path / "Small Things.csv"
        file.write_text("code,name\n001,one\n002,two\n")
        folder = tmp_path / "data"
        with RunningDev(folder, str(file)) as first:
            assert f"{first.url}/datasets/small_things/records" in first.text()
            assert _names(first) == ["one", "two"]
        with RunningDev(folder, str(file)) as second:
            assert "nothing to do" in second.text()
            assert _names(second) == ["one", "two"]
        file.write_text("code,name\n001,one\n003,three\n")
        with RunningDev(folder, str(file)) as third:
            assert _names(third) == ["one", "three"]

    def test_that_is_bad_is_reported_and_the_rest_runs(self, tmp_path: Path) -> None:
        file = tmp_path / "empty.csv"
        file.write_text("")
        with RunningDev(tmp_path / "data", str(file)) as dev:
            assert "Mend the file" in dev.text()
            assert dev.is_ready()


def _names(dev: RunningDev) -> list[str]:
    records = dev.request("GET", "/datasets/small_things/records").json()["data"]
    return [record["name"] for record in records]
