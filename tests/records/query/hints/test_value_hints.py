import pytest

from app.records.query.hints.operator_idioms import Source
from app.records.query.hints.value_hints import explain_value, hint_for_value, warn_of_values
from app.records.query.operands import QueryError
from tests.records.schemas import products

COLUMNS = products().by_name


class TestExplainValue:
    @pytest.mark.parametrize(
        ("name", "text", "source", "message", "hint"),
        [
            ("price", "1,50", "query", "wrong. Did you mean '1.50'?", "Several values: price__in=1,50."),
            ("price", "1,505.2", "query", "wrong. Did you mean '1505.2'?", "Several values: price__in=1,505.2."),
            ("price", "1,50", "body", 'wrong. Did you mean "1.50"?', None),
            ("price", "cheap", "query", "wrong", "Write a point before the fraction"),
            ("stock", ">5", "query", "wrong", "Write it as stock__gt=5."),
            ("stock", "null", "query", "wrong", "Missing values: stock__isnull=true; 'stock' is never missing."),
        ],
    )
    def test_it_says_what_may_be_meant(
        self, name: str, text: str, source: Source, message: str, hint: str | None
    ) -> None:
        mistake = explain_value(QueryError("x", "wrong"), COLUMNS[name], "eq", text, source)
        assert (mistake.place, mistake.message) == ("x", message)
        assert str(mistake.hint).startswith(str(hint))

    def test_what_was_said_before_stays(self) -> None:
        assert explain_value(QueryError("x", "wrong", hint="So."), COLUMNS["price"], "eq", ">5", "query").hint == "So."


class TestHintForValue:
    @pytest.mark.parametrize(
        ("name", "operator", "text", "hint"),
        [
            ("price", "eq", "", "Missing values: price__isnull=true."),
            ("price", "ne", "null", "Values that are there: price__isnull=false."),
            ("price", "eq", "1,2", "Several values: price__in=1,2."),
            ("price", "ne", "1,2", "Several values: price__nin=1,2."),
            ("price", "gt", "1,2", None),
            ("price", "eq", "1,x", None),
            ("category", "eq", "Garden,Kitchen", "Several values: category__in=Garden,Kitchen."),
            ("category", "eq", "Garden,Kitchn", None),
            ("stock", "eq", "gte.5", "Write it as stock__gte=5."),
            ("stock", "eq", "1..5", "Write it as stock__between=1,5."),
        ],
    )
    def test_how_it_is_written_here(self, name: str, operator: str, text: str, hint: str | None) -> None:
        assert hint_for_value(COLUMNS[name], operator, text, "query") == hint

    def test_a_body_has_operators_of_its_own(self) -> None:
        assert hint_for_value(COLUMNS["stock"], "eq", "gte.5", "body") is None


class TestWarnOfValues:
    def _warn(self, name: str, operator: str, *texts: str, source: Source = "query") -> list[str]:
        return list(warn_of_values(COLUMNS[name], operator, texts, source))

    def test_an_empty_list_matches_nothing_or_everything(self) -> None:
        assert self._warn("stock", "in") == ["'stock' is compared with an empty list: no record matches."]
        assert self._warn("stock", "nin") == ["'stock' is compared with an empty list: every record matches."]

    @pytest.mark.parametrize(
        ("operator", "text", "warning"),
        [
            ("eq", "null", "'null' is a string like any other. Missing values: name__isnull=true."),
            ("ne", "", "'name' is compared with the empty text. Values that are there: name__isnull=false."),
            ("like", "lamp", "'lamp' is looked for as it is written. If it is meant otherwise: name__like=%25lamp%25."),
            ("eq", "lamp*", "'lamp*' is looked for as it is written. If it is meant otherwise: name__like=lamp%25."),
            ("eq", "gt.a", "'gt.a' is looked for as it is written. If it is meant otherwise: name__gt=a."),
            ("in", " a", "' a' begins or ends with a space, which a list in a URL keeps."),
        ],
    )
    def test_a_text_that_may_mean_something_else(self, operator: str, text: str, warning: str) -> None:
        assert self._warn("name", operator, text) == [warning]

    @pytest.mark.parametrize(("operator", "text"), [("eq", "lamp"), ("like", "l%"), ("contains", "*"), ("gt", "")])
    def test_others_are_taken_at_their_word(self, operator: str, text: str) -> None:
        assert self._warn("name", operator, text) == []

    def test_a_body_means_what_it_says(self) -> None:
        assert self._warn("name", "eq", "", "lamp*", source="body") == []

    @pytest.mark.parametrize(
        ("operator", "text", "part"),
        [
            ("eq", "2024-01-31", "updated__gte=2024-01-31 and updated__lt=2024-02-01."),
            ("lte", "9999-12-31", "is its midnight in UTC, 9999-12-31T00:00:00Z. "),
            ("gt", "2024-01-31T10:00", "2024-01-31T10:00 has no zone and is read in UTC."),
        ],
    )
    def test_a_time_that_is_not_said_in_full(self, operator: str, text: str, part: str) -> None:
        (warning,) = self._warn("updated", operator, text)
        assert warning.endswith(part)

    @pytest.mark.parametrize(
        ("operator", "texts"), [("gte", ["2024-01-31"]), ("lt", ["2024-01-31"]), ("eq", ["2024-01-31T10:00+01"])]
    )
    def test_a_day_says_enough_as_a_bound(self, operator: str, texts: list[str]) -> None:
        assert self._warn("updated", operator, *texts) == []

    def test_of_a_pair_the_end_is_warned_of(self) -> None:
        (warning,) = self._warn("updated", "between", "2024-01-01", "2024-01-31")
        assert warning.startswith("2024-01-31 is its midnight")
