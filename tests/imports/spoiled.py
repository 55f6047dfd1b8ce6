"""Files with one spoiled row: for each row and column one with a delimiter missing, one too many, or a stray quote.

The kinds are the row pollutions of Pollock (Vitagliano et al., "Pollock: A Data Loading Benchmark", VLDB 2023); the
content is of our own.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from app.imports.errors import ImportFailed
from tests.imports.engine import Made, read_file

Kind = Literal["missing", "surplus", "quote"]
Quoting = Literal["some", "all", "none"]
KINDS: tuple[Kind, ...] = ("missing", "surplus", "quote")
HEADER = ("Day", "Time", "Qty", "Product", "Price", "Kind", "Description", "Link", "Comments")
# Those whose cells are always quoted, if any are.
QUOTED = (6, 7)
ROWS = 83
THINGS = ("Kettle", "Lamp, Standing", 'Bicycle, 24"', "Raincoat", 'Shelf 8" deep', "Tent, Two-Person", "Boots")
TEXTS = (
    "Boils a litre in three minutes and keeps it warm.",
    "Made of oak, brass and linen, with a switch on its foot.",
    "Light, strong, fast",
    "Our 8' 9\" model, for rivers, lakes and the sea.",
    "One comma, no more",
    "Washes at 40 degrees, dries in an hour, and needs no iron; see the label.",
)


@dataclass(frozen=True)
class Form:
    """The format of a file, and its number of rows."""

    delimiter: str = ","
    quoting: Quoting = "some"
    header: bool = True
    rows: int = ROWS
    # Descriptions of two lines among them.
    multiline: bool = False
    # Comments in some of the rows; usually there are no comments.
    comments: bool = False


@dataclass(frozen=True)
class Spoiled:
    """A file one row of which, counted from the file's first, is spoiled at a column."""

    kind: Kind
    row: int
    column: int
    content: str
    # The lines of the row.
    lines: range

    @property
    def name(self) -> str:
        return f"{self.kind} {self.row}/{self.column}"


def make_rows(form: Form) -> list[list[str]]:
    """The values of a clean file's records."""
    rows = []
    for number in range(form.rows):
        day = date(2018, 1, 13) + timedelta(days=number)
        text = TEXTS[number % len(TEXTS)]
        if form.multiline and number % 5 == 0:
            text = text.replace(" ", "\n", 1)
        thing = THINGS[number % len(THINGS)]
        if form.quoting == "none":
            text, thing = (value.translate({ord(mark): None for mark in ',;\t"'}) for value in (text, thing))
        rows.append(
            [
                day.strftime("%d/%m/%Y"),
                f"{number % 24:02}:15",
                str(number % 7),
                f"AB-{1000 + number * 37}",
                f"{number * 3.7 + 1:.2f}",
                thing,
                text,
                f"https://example.com/{number}.html",
                "fragile" if form.comments and number % 4 == 0 else "",
            ]
        )
    return rows


def spoil(form: Form, kinds: Sequence[Kind] = KINDS, every: int = 1) -> Iterator[Spoiled]:
    """The spoiled files of a form, of each so many rows one."""
    values = [list(HEADER)] * form.header + make_rows(form)
    written = [_write_row(cells, form) for cells in values]
    clean = [form.delimiter.join(cells) for cells in written]
    lines = _lines_of(clean)
    for kind in kinds:
        for row, cells in list(enumerate(written))[::every]:
            for column in range(len(HEADER)):
                if kind == "missing" and column == 0:
                    continue
                spoiled = _spoil_row(cells, column, kind, form.delimiter)
                content = "\n".join([*clean[:row], spoiled, *clean[row + 1 :], ""])
                yield Spoiled(kind, row, column, content, lines[row])


def write_clean(form: Form) -> str:
    """The file of a form before any row is spoiled."""
    values = [list(HEADER)] * form.header + make_rows(form)
    return "".join(form.delimiter.join(_write_row(cells, form)) + "\n" for cells in values)


def _write_row(cells: Sequence[str], form: Form) -> list[str]:
    return [_write_cell(cell, place, form) for place, cell in enumerate(cells)]


def _write_cell(cell: str, place: int, form: Form) -> str:
    needed = any(mark in cell for mark in (form.delimiter, '"', "\n"))
    if form.quoting == "none" or (form.quoting == "some" and not needed and place not in QUOTED):
        return cell
    return '"' + cell.replace('"', '""') + '"'


def _spoil_row(cells: Sequence[str], column: int, kind: Kind, delimiter: str) -> str:
    before, cell, behind = cells[:column], cells[column], cells[column + 1 :]
    if kind == "surplus":
        return delimiter.join([*before, "", cell, *behind])
    if kind == "quote":
        stray = '""' + cell[1:] if cell.startswith('"') else '"' + cell
        return delimiter.join([*before, stray, *behind])
    return delimiter.join([*before[:-1], before[-1] + cell, *behind])


def _lines_of(rows: Sequence[str]) -> list[range]:
    lines, line = [], 1
    for row in rows:
        lines.append(range(line, line + 1 + row.count("\n")))
        line = lines[-1].stop
    return lines


class Judgement:
    """The faults in reading spoiled files of one form, compared with its clean file."""

    def __init__(self, form: Form) -> None:
        self._form = form
        self._clean = read_file(write_clean(form))
        assert len(self._clean.rows) == form.rows
        assert not self._clean.rejections

    def fault(self, spoiled: Spoiled) -> str:
        """Empty if every row is exact, or rejected by its own line; a first row may be the reason to refuse the file.

        Of a malformed record that goes over several lines the others are rejected as well.
        """
        try:
            made = read_file(spoiled.content)
        except ImportFailed as problem:
            is_right = spoiled.row == 0 and "Line 1 " in problem.detail
            return "" if is_right else f"refused: {problem.detail}"
        if spoiled.row == 0 and self._form.header:
            return self._fault_of_header(made)
        wanted = list(self._clean.rows)
        rejected = [item["line"] for item in made.rejections]
        if rejected:
            del wanted[spoiled.row - self._form.header]
        if rejected and (rejected[0] != spoiled.lines[0] or not set(rejected) <= set(spoiled.lines)):
            return f"rejected lines {rejected[:5]}"
        if made.columns != self._clean.columns:
            return f"columns {made.types}"
        return "" if made.rows == wanted else "rows"

    def _fault_of_header(self, made: Made) -> str:
        if not made.rows:
            return ""
        if [column.name for column in made.columns] != [column.name for column in self._clean.columns]:
            return "names"
        return "" if made.rows == self._clean.rows and not made.rejections else "rows"
