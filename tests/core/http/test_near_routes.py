import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.http.near_routes import find_near, find_taker

TEMPLATES = [
    "/datasets",
    "/datasets/{dataset}",
    "/datasets/{dataset}/records",
    "/datasets/{dataset}/records/{key}",
    "/datasets/{dataset}/aggregate",
    "/imports/{import}",
    "/docs",
    "/openapi.json",
]
STABLE = settings(deadline=None, derandomize=True, max_examples=200)


class TestFindNear:
    @pytest.mark.parametrize(
        ("path", "near"),
        [
            ("/datasts", "datasets"),
            ("/datasets/", "datasets"),
            ("/dataset/x/records", "/datasets/x/records"),
            ("/datasets/x/record", "/datasets/x/records"),
            ("/datasets/x/rows/7", "/datasets/x/records/7"),
            ("/api/v1/datasets/x", "/datasets/x"),
            ("/import/7", "/imports/7"),
            ("/swagger", "docs"),
        ],
    )
    def test_an_address_that_is_nearly_one(self, path: str, near: str) -> None:
        assert find_near(path, TEMPLATES)[0] == f" Did you mean '{near}'?"

    @pytest.mark.parametrize(
        "path", ["/products", "/products/records", "/api/Products", "/products.csv", "/products/7"]
    )
    def test_what_may_be_a_dataset_is_shown_its_address(self, path: str) -> None:
        near, hint = find_near(path, TEMPLATES)
        assert near == ""
        assert "/datasets/products/records" in hint

    @STABLE
    @given(st.text(max_size=300))
    def test_any_path_has_a_short_answer(self, path: str) -> None:
        near, hint = find_near(f"/{path}", TEMPLATES)
        assert len(near) < 1000
        assert "/docs" in hint


class TestFindTaker:
    @pytest.mark.parametrize(
        ("path", "method", "templates", "words"),
        [
            ("/datasets/x/records", "DELETE", TEMPLATES[3:4], "by its key: DELETE /datasets/x/records/{key}."),
            ("/datasets/x/records/7", "POST", TEMPLATES[:3], "There is POST /datasets/x/records."),
            ("/datasets/x", "POST", TEMPLATES[:3], "POST /datasets/x/records"),
        ],
    )
    def test_the_address_behind_it_or_before_it(self, path: str, method: str, templates: list[str], words: str) -> None:
        assert words in str(find_taker(path, method, templates))

    def test_if_there_is_none_nothing_is_said(self) -> None:
        assert find_taker("/docs", "POST", TEMPLATES[2:]) is None
