from app.core.postgres import quote


class TestQuote:
    def test_names_are_quoted_one_by_one(self) -> None:
        assert quote("data", 'or"der') == '"data"."or""der"'
