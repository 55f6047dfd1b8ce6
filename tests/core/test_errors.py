from app.core.errors import BodyTooLarge, ServiceUnavailable, did_you_mean


class TestDocument:
    def test_it_is_named_for_its_class(self) -> None:
        document = BodyTooLarge("Too much.", hint="Send less.").document("r1")
        assert document == {
            "type": "/problems/body-too-large",
            "title": "Request body too large",
            "status": 413,
            "detail": "Too much.",
            "hint": "Send less.",
            "request_id": "r1",
        }

    def test_what_is_not_known_is_left_out(self) -> None:
        assert set(BodyTooLarge("Too much.").document()) == {"type", "title", "status", "detail"}

    def test_an_unavailable_service_says_when_to_come_back(self) -> None:
        assert ServiceUnavailable("Gone.", retry_after=30).headers == {"Retry-After": "30"}


class TestDidYouMean:
    def test_a_near_word_is_proposed(self) -> None:
        assert did_you_mean("prise", ["name", "price"]) == " Did you mean 'price'?"

    def test_without_one_nothing_is_said(self) -> None:
        assert did_you_mean("colour", ["name", "price"]) == ""
