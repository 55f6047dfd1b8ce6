from app.core.errors import BodyTooLarge, CursorInvalid, ParameterInvalid
from app.core.http.names import PROBLEM_JSON
from app.core.http.problem_documents import ProblemDocument, problem_response, problem_responses


class TestProblemResponses:
    def test_problems_of_one_status_are_told_together(self) -> None:
        responses = problem_responses(ParameterInvalid, CursorInvalid, BodyTooLarge)
        assert list(responses) == [ParameterInvalid.status, BodyTooLarge.status]
        title = CursorInvalid.title
        assert responses[400]["description"] == f"{ParameterInvalid.title} or {title[0].lower()}{title[1:]}"

    def test_each_has_an_example_that_is_a_problem(self) -> None:
        content = problem_responses(ParameterInvalid, CursorInvalid)[400]["content"][PROBLEM_JSON]
        assert list(content["examples"]) == ["parameter-invalid", "cursor-invalid"]
        for slug, example in content["examples"].items():
            assert ProblemDocument.model_validate(example["value"]).type == f"/problems/{slug}"


class TestProblemResponse:
    def test_without_problems_it_has_no_examples(self) -> None:
        response = problem_response("Something is wrong.")
        assert response["description"] == "Something is wrong."
        assert list(response["content"][PROBLEM_JSON]) == ["schema"]
