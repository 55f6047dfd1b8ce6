import numpy as np
import pyarrow as pa

from app.imports.inference.tally import ALLOWED, SHOWN, Tally, show_cell


def _add(tally: Tally, cells: list[bytes], first: int, *bad: int) -> None:
    mask = np.zeros(len(cells), np.bool_)
    mask[list(bad)] = True
    tally.add(pa.array(cells, pa.binary()), mask, lambda place: first + place)


class TestTally:
    def test_the_first_misfit_is_remembered_with_its_line(self) -> None:
        tally = Tally()
        _add(tally, [b"1", b"x", b"y"], 2, 1, 2)
        _add(tally, [b"z"], 5, 0)
        assert (tally.seen, tally.fits, tally.misfits) == (4, 1, 3)
        assert (tally.line, tally.value, tally.word) == (3, "x", None)

    def test_one_word_for_all_misfits_is_told(self) -> None:
        tally = Tally()
        _add(tally, [b"NA", b"1", b"NA"], 2, 0, 2)
        assert tally.word == "NA"

    def test_a_mask_of_none_is_no_misfit(self) -> None:
        tally = Tally()
        tally.add(pa.array([b"1", b"2"]), None, lambda place: place)
        assert (tally.fits, tally.misfits, tally.word) == (2, 0, None)

    def test_it_closes_when_there_are_too_many(self) -> None:
        few, many = Tally(), Tally()
        cells = [b"%d" % number for number in range(ALLOWED + 100)]
        _add(few, cells[:ALLOWED], 1, *range(ALLOWED))
        _add(many, cells, 1, *range(ALLOWED + 100))
        assert (few.is_open, many.is_open) == (True, False)

    def test_one_and_the_same_word_may_be_more_frequent(self) -> None:
        tally = Tally()
        _add(tally, [b"1", b"NA"] * ALLOWED * 2, 1, *range(1, ALLOWED * 4, 2))
        assert tally.is_open

    def test_a_copy_goes_on_by_itself(self) -> None:
        tally = Tally()
        _add(tally, [b"x"], 1, 0)
        copy = tally.copy()
        _add(copy, [b"y"], 2, 0)
        assert (tally.misfits, copy.misfits) == (1, 2)


class TestShowCell:
    def test_a_long_one_is_cut_and_a_broken_one_repaired(self) -> None:
        assert show_cell(b"x" * 100) == "x" * SHOWN
        assert show_cell(b"caf\xe9") == "caf\N{REPLACEMENT CHARACTER}"
