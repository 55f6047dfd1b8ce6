import pytest

from app.client.api import explain_problem, is_local


class TestAddresses:
    @pytest.mark.parametrize(
        ("url", "local"),
        [
            ("http://127.0.0.1:8000", True),
            ("http://localhost", True),
            ("http://[::1]:80", True),
            ("https://example.test", False),
            ("http://127.0.0.1.example.test", False),
        ],
    )
    def test_is_local(self, url: str, local: bool) -> None:
        assert is_local(url) is local

    def test_problem(self) -> None:
        problem = {"title": "No", "detail": "Two mistakes.", "hint": "Fix them."}
        errors = [{"path": "name", "message": "too long"}, {"message": "too short"}]
        assert explain_problem(problem | {"errors": errors}).splitlines() == [
            "No: Two mistakes.",
            "  name: too long",
            "  too short",
            "Fix them.",
        ]
        # What the detail says is not said again.
        problem = {"title": "No", "detail": "'_sort' cannot be used: there is no column 'a'."}
        errors = [{"path": "_sort", "message": "There is no column 'a'."}]
        assert explain_problem(problem | {"errors": errors}) == f"No: {problem['detail']}"
