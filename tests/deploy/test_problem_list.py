import pytest

from app.deploy.problem_list import PAGE, write_page


class TestReference:
    @pytest.mark.usefixtures("anonymous")
    def test_docs_problems_is_what_the_classes_say(self) -> None:
        assert PAGE.read_text("utf-8") == write_page(), "run .ci/problems"
