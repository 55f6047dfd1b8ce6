import pytest

from app.core.errors import ParameterInvalid
from app.records.etag import Preconditions, etag_of, is_known, read_preconditions

TAG = etag_of('{"n":1}')


def _digest(etag: str) -> str:
    return etag.strip('"')


class TestReadPreconditions:
    def test_without_headers_nothing_is_asked(self) -> None:
        assert read_preconditions([], [], creates=True) == Preconditions()

    @pytest.mark.parametrize(
        ("lines", "digests"),
        [
            ([TAG], (_digest(TAG),)),
            (['"a" , "b,c"'], ("a", "b,c")),
            (['"a"', '"b"'], ("a", "b")),
            ([f"W/{TAG}"], ()),
            (['W/"a", "b"'], ("b",)),
            (['""'], ("",)),
        ],
    )
    def test_tags_compare_strongly(self, lines: list[str], digests: tuple[str, ...]) -> None:
        assert read_preconditions(lines, [], creates=False) == Preconditions(digests=digests, exists=True)

    def test_a_star_is_any_record(self) -> None:
        assert read_preconditions([" * "], [], creates=False) == Preconditions(exists=True)

    def test_a_star_may_ask_for_absence(self) -> None:
        assert read_preconditions([], ["*"], creates=True) == Preconditions(absent=True)

    @pytest.mark.parametrize("text", ["", "a", '"a', 'a"', '"a" "b"', '"a",', '*, "a"', 'w/"a"', '"a\tb"', "'a'"])
    def test_what_is_no_list_of_tags_is_refused(self, text: str) -> None:
        with pytest.raises(ParameterInvalid, match="not \\* or a list of entity tags"):
            read_preconditions([text], [], creates=False)

    @pytest.mark.parametrize(
        ("if_match", "if_none_match", "creates"),
        [([], ["*"], False), ([], ['"a"'], True), (["*"], ["*"], True), ([], ["*", "*"], True)],
    )
    def test_absence_is_asked_for_alone_and_where_it_makes_sense(
        self, if_match: list[str], if_none_match: list[str], creates: bool
    ) -> None:
        with pytest.raises(ParameterInvalid, match="If-None-Match"):
            read_preconditions(if_match, if_none_match, creates=creates)

    def test_what_is_in_its_way_is_named(self) -> None:
        with pytest.raises(ParameterInvalid, match="cannot be used beside 'If-Match'"):
            read_preconditions(["*"], ["*"], creates=True)


class TestIsKnown:
    @pytest.mark.parametrize("lines", [[TAG], ["*"], [f"W/{TAG}"], [f'"x", {TAG}'], ['"x"', TAG]])
    def test_tags_compare_weakly(self, lines: list[str]) -> None:
        assert is_known(lines, TAG)

    @pytest.mark.parametrize("lines", [[], ['"x"'], ['W/"x"']])
    def test_another_state_is_not_known(self, lines: list[str]) -> None:
        assert not is_known(lines, TAG)

    def test_nonsense_is_refused(self) -> None:
        with pytest.raises(ParameterInvalid):
            is_known(["x"], TAG)
