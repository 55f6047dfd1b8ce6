from app.cli.arguments.record_query import parse_filters


class TestFilters:
    def test_they_are_passed_on(self) -> None:
        given = ["a=", "a=b=c", "_q=x y", "a__in=1,2", "a= 1"]
        assert parse_filters(given) == [("a", ""), ("a", "b=c"), ("_q", "x y"), ("a__in", "1,2"), ("a", " 1")]
