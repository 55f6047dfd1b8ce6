from app.core.errors import BodyTooLarge, RouteNotFound
from app.core.http.edge_errors import GatewayTimeout
from app.core.pages.problem_texts import by_reason, explain, explain_all


class TestExplain:
    def test_the_first_paragraph_is_the_meaning_and_the_rest_the_remedy(self) -> None:
        said = explain(GatewayTimeout)
        assert said.meaning == "The function did not respond within the 29 seconds that API Gateway waits."
        assert said.remedy.startswith("Ask for less at once. The request may have been processed: with")
        assert "\n" not in said.remedy

    def test_its_status_has_a_phrase_that_no_version_of_python_changes(self) -> None:
        assert explain(BodyTooLarge).reason == "413 Content Too Large"
        assert explain(RouteNotFound).reason == "404 Not Found"

    def test_programs_get_the_same(self) -> None:
        said = explain(RouteNotFound)
        assert said.document == {
            "type": "/problems/route-not-found",
            "title": said.title,
            "status": 404,
            "description": said.meaning,
            "hint": said.remedy,
        }
        assert set(said.example) == {"type", "title", "status", "detail", "hint", "request_id"}


class TestExplainAll:
    def test_they_are_in_the_order_of_their_status(self) -> None:
        problems = explain_all()
        assert [problem.status for problem in problems] == sorted(problem.status for problem in problems)
        reasons = [reason for reason, _ in by_reason(problems)]
        assert len(reasons) == len(set(reasons))
        assert sum(len(same) for _, same in by_reason(problems)) == len(problems)
