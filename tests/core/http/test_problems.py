import json

from app.core import log
from app.core.errors import BodyTooLarge, ServiceUnavailable
from app.core.http.problems import ProblemResponse, render_problem


class TestRenderProblem:
    def test_it_is_the_problems_document(self) -> None:
        token = log.request_id.set("r1")
        response = render_problem(BodyTooLarge("Too much.", hint="Send less."))
        log.request_id.reset(token)
        assert (response.status_code, response.media_type) == (413, "application/problem+json")
        assert json.loads(bytes(response.body)) == BodyTooLarge("Too much.", hint="Send less.").document("r1")

    def test_its_headers_go_with_it(self) -> None:
        assert render_problem(ServiceUnavailable("Gone.", retry_after=30)).headers["retry-after"] == "30"


class TestProblemResponse:
    def test_what_a_caller_sent_may_be_broken(self) -> None:
        assert bytes(ProblemResponse({"detail": "é\ud800"}).body) == '{"detail":"é?"}'.encode()
