"""The places of records in their file, by a reader of CSV."""

import codecs

import numpy as np
import pytest

from app.datasets.import_options import ImportOptions
from app.imports.formats.csv.dialect import detect_dialect
from app.imports.formats.csv.reader import CsvPlan, CsvReader, layout_of
from app.imports.formats.table import line_of, lines_of
from app.imports.source.encoding import Encoding, EncodingInDoubt

TEXT = 'name,price\nñandú,1\n"a\nb",2\n€,3,4\n'


def read(content: bytes, encoding: Encoding, block: int = 7) -> list[tuple[int, int, int]]:
    """The number, line and offset of each record of a file that has been decoded to `content`."""
    options = ImportOptions()
    dialect = detect_dialect(content, options, final=True)
    plan = CsvPlan(dialect, layout_of(dialect, options, max_field=100, omitted=frozenset()), 800)
    reader = CsvReader(plan, encoding)
    found: list[tuple[int, int, int]] = []
    for data in (*(content[start : start + block] for start in range(0, len(content), block)), None):
        for part in reader.read(data):
            rows = np.arange(part.places.count)
            found += zip(
                part.places.records(rows).tolist(),
                part.places.lines(rows).tolist(),
                part.places.offsets(rows).tolist(),
                strict=True,
            )
    return found


class TestPlaces:
    @pytest.mark.parametrize("block", [1, 7, 1000])
    @pytest.mark.parametrize(
        ("name", "mark"),
        [("utf-8", b""), ("utf-8", codecs.BOM_UTF8), ("utf-16-le", codecs.BOM_UTF16_LE), ("cp1252", b"")],
    )
    def test_offsets_are_those_in_the_stored_file(self, name: str, mark: bytes, block: int) -> None:
        stored = mark + TEXT.encode(name)
        beginnings = [stored.index(text.encode(name)) for text in ("ñ", '"a', "€")]
        encoding = Encoding(name, mark=len(mark))
        assert read(TEXT.encode(), encoding, block) == list(zip((1, 2, 3), (2, 3, 5), beginnings, strict=True))

    def test_rows_may_be_in_any_order_and_come_again(self) -> None:
        options = ImportOptions()
        dialect = detect_dialect(TEXT.encode(), options, final=True)
        layout = layout_of(dialect, options, max_field=100, omitted=frozenset())
        reader = CsvReader(CsvPlan(dialect, layout, 800), Encoding("cp1252"))
        (part,) = [part for data in (TEXT.encode(), None) for part in reader.read(data)]
        stored = TEXT.encode("cp1252")
        euro, first = stored.index(b"\x80"), stored.index(b"\xf1")
        assert part.places.offsets(np.array([2, 0, 2])).tolist() == [euro, first, euro]
        assert lines_of(part.places, np.array([2, 0])) == [5, 2]
        assert lines_of(part.places, np.empty(0, np.int64)) == []
        assert line_of(part.places, part.table.rows, 1) == 3

    def test_a_guess_that_is_refuted_ends_the_reading(self) -> None:
        with pytest.raises(EncodingInDoubt):
            read(b"name,price\ncaf\xe9,1\n", Encoding("utf-8", is_guess=True))


class TestLayout:
    def test_it_is_that_of_the_dialect_and_the_options(self) -> None:
        options = ImportOptions.model_validate({"nulls": ["NA"], "pad_short_rows": True})
        dialect = detect_dialect(b"a,b\n1,2\n", options, final=True)
        layout = layout_of(dialect, options, max_field=5, omitted=frozenset({1}))
        assert (layout.width, layout.nulls, layout.pad_short_rows) == (2, (b"", b"NA"), True)
        assert (layout.max_field, layout.omitted) == (5, frozenset({1}))
