import pytest

from tests.imports.conftest import Importer


class TestFormulas:
    @pytest.mark.parametrize("cell", ['="00123"', '"=""00123"""'])
    async def test_one_that_holds_a_text_is_kept_and_warned_of(self, importer: Importer, cell: str) -> None:
        shown = await importer("d", f"code;n\n{cell};1\nx=y;2\n")
        assert [record["code"] for record in await importer.records("d")] == ['="00123"', "x=y"]
        [warning] = shown["warnings"]
        assert warning.startswith("1 cell is written =\"…\" in 'code'")
