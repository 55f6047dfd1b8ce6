"""Rejections for spreadsheets: the same wherever the file is cut into blocks."""

import csv
import io
from collections.abc import AsyncGenerator

from hypothesis import given
from hypothesis import strategies as st

from app.imports.spreadsheet import make_safe

FORMULAS = "=+-@\t\r\n＝＋－＠"
TEXTS = st.text(alphabet='ab",=\n＝é', max_size=6)


def write(rows: list[list[str]]) -> str:
    """A file as an import writes its rejections: numbers as they are, texts in quotes."""
    return "".join("1," + ",".join('"' + text.replace('"', '""') + '"' for text in row) + "\n" for row in rows)


async def make(data: bytes, size: int) -> str:
    async def blocks() -> AsyncGenerator[bytes]:
        for start in range(0, len(data), size):
            yield data[start : start + size]

    return b"".join([block async for block in make_safe(blocks())]).decode("utf-8-sig")


class TestMakeSafe:
    @given(st.lists(st.lists(TEXTS, min_size=2, max_size=2), max_size=6), st.integers(1, 9))
    async def test_only_what_begins_as_a_formula_is_changed(self, rows: list[list[str]], size: int) -> None:
        safe = await make(f"line,a,b\n{write(rows)}".encode(), size)
        wanted = [["1", *(f"'{text}" if text[:1] in [*FORMULAS] else text for text in row)] for row in rows]
        assert list(csv.reader(io.StringIO(safe, newline=""))) == [["line", "a", "b"], *wanted]
