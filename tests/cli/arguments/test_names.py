import pytest
import typer

from app.cli import exit_codes
from app.cli.arguments.names import dataset_path, import_path, record_path

ONE = {"name": "d", "key": ["sku"]}
TWO = {"name": "d", "key": ["region", "year"]}
NUMBERED = {"name": "d", "key": []}


class TestPaths:
    def test_nothing_that_is_typed_leads_to_another_route(self) -> None:
        assert dataset_path("a/../b?x=1", "/records") == "/datasets/a%2F..%2Fb%3Fx%3D1/records"
        assert import_path("../keys") == "/imports/..%2Fkeys"

    @pytest.mark.parametrize("name", ["", ".", ".."])
    def test_what_a_client_would_take_out_ends_the_command(self, name: str) -> None:
        for path in (dataset_path, import_path):
            with pytest.raises(typer.Exit) as ended:
                path(name)
            assert ended.value.exit_code == exit_codes.USAGE


class TestRecordPath:
    @pytest.mark.parametrize(
        ("dataset", "key", "path"),
        [
            (ONE, "a,b/c", "/datasets/d/records/a%2Cb%2Fc"),
            (TWO, "north,2024", "/datasets/d/records/north,2024"),
            (TWO, '"a,b",2024', "/datasets/d/records/a%2Cb,2024"),
            (NUMBERED, "7", "/datasets/d/records/7"),
        ],
    )
    def test_a_key_is_typed_as_a_line_of_csv(self, dataset: dict[str, object], key: str, path: str) -> None:
        assert record_path(dataset, key) == path

    @pytest.mark.parametrize(("dataset", "key"), [(ONE, ""), (ONE, ".."), (TWO, "north"), (TWO, "a,b,c"), (TWO, "")])
    def test_what_is_no_key_of_the_dataset_ends_the_command(self, dataset: dict[str, object], key: str) -> None:
        with pytest.raises(typer.Exit) as ended:
            record_path(dataset, key)
        assert ended.value.exit_code == exit_codes.USAGE
