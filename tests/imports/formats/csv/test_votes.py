import pytest

from app.imports.formats.csv.sample import Row
from app.imports.formats.csv.votes import Body, Votes


def _rows(text: str) -> list[Row]:
    return [Row(0, 0, line, row.encode().split(b",")) for line, row in enumerate(text.split("\n"), 1)]


def _votes(text: str) -> Votes:
    """The votes of the rows on the first of them."""
    rows = _rows(text)
    return Body(rows, rows[0].width).votes(rows[0])


class TestVotes:
    @pytest.mark.parametrize(
        ("rows", "header", "record"),
        [
            ("id,name\n1,a\n2,b\n3,c", 1, 0),
            ("1,a\n2,b\n3,c", 0, 1),
            ("name,city\na,x\nb,y", 0, 0),
            ("n/a,name\n1,a\n2,b", 0, 0),
            ("id,2020,2021\n1,5.5,6.5\n2,7.5,8.5", 3, 0),
            ("code,n\nAB12,1\nCD34,2\nEF56,3", 1, 0),
            ("XY99,9\nAB12,1\nCD34,2\nEF56,3", 0, 2),
            ("2024-01-01,x\n1,a\n2,b", 0, 0),
        ],
    )
    def test_columns_with_values_speak_for_a_header_or_against_it(self, rows: str, header: int, record: int) -> None:
        assert _votes(rows) == Votes(header, record)

    @pytest.mark.parametrize(
        ("votes", "is_header", "is_open"),
        [
            (Votes(0, 0), False, True),
            (Votes(1, 0), True, False),
            (Votes(1, 1), False, False),
            (Votes(2, 1), True, False),
            (Votes(1, 2), False, False),
        ],
    )
    def test_values_outweigh_one_name(self, votes: Votes, is_header: bool, is_open: bool) -> None:
        assert (votes.is_header, votes.is_open) == (is_header, is_open)

    @pytest.mark.parametrize(
        ("row", "is_header"), [("id,name", True), ("1,2", False), ("1,a", False), ("2020,2021", True)]
    )
    def test_a_row_alone_is_judged_by_itself(self, row: str, is_header: bool) -> None:
        assert _votes(row).is_header is is_header


class TestBody:
    BODY = Body(_rows("id,code,name\n1,AB12,x\n2,CD34,\n3,EF56,y\n4,GH78,y"), 3)

    def test_a_cell_stands_out_among_others_of_a_kind(self) -> None:
        assert self.BODY.stands_out(0, b"kg")
        assert self.BODY.stands_out(1, b"A-1")
        assert not self.BODY.stands_out(1, b"XY99")
        assert not self.BODY.stands_out(0, b"n/a")
        assert not self.BODY.stands_out(9, b"kg")

    def test_a_row_repeats_what_stands_below(self) -> None:
        rows = _rows("a,x\na,y\nb,x")
        assert Body(rows, 2).repeats(rows[0])
        assert not Body(_rows("h,i\na,y\nb,x"), 2).repeats(_rows("h,i")[0])

    def test_rows_of_another_width_are_left_out(self) -> None:
        assert Body(_rows("a\na,b\na,b,c"), 2).rows == [Row(0, 0, 2, [b"a", b"b"])]
