from app.access.errors import KeyMissing, KeyRevoked


class TestChallenge:
    def test_a_caller_without_a_key_is_only_asked_for_one(self) -> None:
        assert KeyMissing().headers == {"WWW-Authenticate": 'Bearer realm="tolva"'}

    def test_one_whose_key_does_not_work_is_told_so(self) -> None:
        assert KeyRevoked("Gone.").headers == {"WWW-Authenticate": 'Bearer realm="tolva", error="invalid_token"'}

    def test_where_something_like_a_key_was_found_is_said(self) -> None:
        assert KeyMissing("a header 'x-api-key'").detail.endswith("It has a header 'x-api-key', which is not read.")
