from typing import Any

import pytest

from app.cli.display.dataset_view import count_text, show_dataset, type_text
from app.cli.display.output import Output

COLUMNS: list[dict[str, Any]] = [
    {"name": "sku", "type": "text", "required": True, "unique": False, "label": "SKU"},
    {"name": "price", "type": "decimal", "precision": 8, "scale": 2, "required": False, "min": 0, "description": "net"},
]
DATASET: dict[str, Any] = {
    "name": "things",
    "title": None,
    "description": None,
    "store": "relational",
    "key": ["sku"],
    "columns": COLUMNS,
    "indexes": [{"columns": ["sku"], "origin": "key", "name": "things_pkey"}, {"search": True, "origin": "declared"}],
    "import_options": {"delimiter": ";", "nulls": ["NA"]},
    "record_count": 1200,
    "created_at": "then",
    "updated_at": "now",
}


class TestTexts:
    def test_a_type_has_its_digits(self) -> None:
        assert [type_text(column) for column in COLUMNS] == ["text", "decimal(8,2)"]

    @pytest.mark.parametrize(
        ("change", "text"), [({}, "about 1,200"), ({"record_count": None}, "not counted"), ({"columns": []}, "0")]
    )
    def test_a_count_is_as_good_as_it_is_known(self, change: dict[str, Any], text: str) -> None:
        assert count_text(DATASET | change) == text


class TestShowDataset:
    def test_piped_it_is_lines_with_tabs(self, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
        show_dataset(Output(), DATASET, "5")
        lines = capsysbinary.readouterr().out.decode().splitlines()
        assert "records\t5" in lines
        assert "sku\ttext\tyes\t\tSKU\t" in lines
        assert "price\tdecimal(8,2)\t\tyes\t\tnet; min=0" in lines
        assert "search\tdeclared\t" in lines
        assert 'nulls\t["NA"]' in lines

    def test_a_dataset_without_a_key_says_how_records_are_addressed(
        self, capsysbinary: pytest.CaptureFixture[bytes]
    ) -> None:
        show_dataset(Output(), DATASET | {"key": [], "indexes": [], "import_options": {}}, "5")
        assert b"key\tnone: records are numbered by _id" in capsysbinary.readouterr().out
