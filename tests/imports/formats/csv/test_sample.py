import pytest

from app.imports.formats.csv.sample import MAX_OPEN, SAMPLE_RECORDS, describe_problem, read_rows
from app.imports.formats.csv.tokenizer import Grammar


class TestReadRows:
    def test_each_row_has_its_place(self) -> None:
        rows = read_rows(b'\r\na,b\r\n\r\n1,"x\r\ny"\r\n2,z', Grammar(), final=True)
        assert [(row.start, row.line, row.further_lines, row.is_apart) for row in rows] == [
            (2, 2, 0, False),
            (9, 4, 1, True),
            (19, 6, 0, False),
        ]
        assert [row.cells for row in rows] == [[b"a", b"b"], [b"1", b"x\r\ny"], [b"2", b"z"]]
        assert rows[1].quoted == frozenset({1})

    def test_a_malformed_one_is_cut_at_its_delimiters(self) -> None:
        (row, *_) = read_rows(b'"a"b,"c\n1,2\n', Grammar(), final=True)
        assert (row.problem, row.cells) == ("text_after_quote", [b'a"b', b"c"])
        assert describe_problem(row) == "Line 1 is malformed: there is text after a closing quote."

    def test_no_more_are_read_than_a_sample_needs(self) -> None:
        assert len(read_rows(b"a,b\n" * (SAMPLE_RECORDS + 50), Grammar(), final=False)) == SAMPLE_RECORDS

    def test_the_last_one_is_held_back_while_it_may_go_on(self) -> None:
        assert len(read_rows(b"a,b\n1,2", Grammar(), final=False)) == 1
        assert len(read_rows(b"a,b\n1,2", Grammar(), final=True)) == 2

    def test_a_quote_that_is_never_closed_spoils_its_line_alone(self) -> None:
        body = b'a,"b\n' + b"1,2\n" * (MAX_OPEN // 4 + 10)
        rows = read_rows(body, Grammar(), final=False)
        assert rows[0].problem
        assert rows[1].cells == [b"1", b"2"]

    @pytest.mark.parametrize("body", [b"", b"\n\n"])
    def test_of_nothing_there_are_none(self, body: bytes) -> None:
        assert read_rows(body, Grammar(keep_blank=True), final=True) == []


class TestRow:
    def test_blank_cells_are_not_filled(self) -> None:
        (row,) = read_rows(b"a, ,,b", Grammar(), final=True)
        assert (row.width, row.filled) == (4, [0, 3])
