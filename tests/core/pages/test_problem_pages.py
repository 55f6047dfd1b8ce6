import re
from pathlib import Path

import pytest
from httpx import AsyncClient

import app
from app.core.errors import Problem, ServiceUnavailable
from app.core.pages.problem_texts import explain, explain_all

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def _written() -> set[str]:
    """The names of the problems that stand in the program's text, apart from bases and private ones."""
    text = "\n".join(path.read_text("utf-8") for path in Path(app.__file__).parent.rglob("*.py"))
    classes = re.findall(r"^class (\w+)\((\w+)(, is_base=True)?\):", text, re.MULTILINE)
    found: dict[str, bool] = {"Problem": False}
    while new := {name: not is_base for name, base, is_base in classes if base in found and name not in found}:
        found |= new
    return {name for name, is_raised in found.items() if is_raised and not name.startswith("_")}


class TestProblems:
    def test_two_cannot_have_one_type(self) -> None:
        with pytest.raises(TypeError, match="/problems/route-not-found"):
            type("RouteNotFound", (Problem,), {})
        assert Problem.known["route-not-found"].__module__ == "app.core.errors"

    def test_a_private_one_is_to_callers_what_it_is_derived_from(self) -> None:
        private = type("_Narrower", (ServiceUnavailable,), {})
        assert private("detail").document()["type"] == "/problems/service-unavailable"

    async def test_every_one_has_a_page(self, anonymous: AsyncClient) -> None:
        listed = {problem["type"] for problem in (await anonymous.get("/problems")).json()["data"]}
        assert {problem.__name__ for problem in Problem.known.values()} == _written()
        assert listed == {f"/problems/{slug}" for slug in Problem.known}

    @pytest.mark.usefixtures("anonymous")
    def test_every_one_says_what_it_means_and_how_to_fix_it(self) -> None:
        for problem in Problem.known.values():
            said = explain(problem)
            assert "__doc__" in vars(problem), said.slug
            assert said.meaning.endswith("."), said.slug
            assert said.remedy.endswith("."), said.slug
            assert 400 <= said.status < 600, said.slug

    @pytest.mark.usefixtures("anonymous")
    def test_titles_have_two_to_five_words_and_no_two_are_alike(self) -> None:
        titles = {slug: problem.title for slug, problem in Problem.known.items()}
        assert {slug: title for slug, title in titles.items() if not 2 <= len(title.split()) <= 5} == {}
        assert len({title.lower() for title in titles.values()}) == len(titles)


class TestPages:
    async def test_each_is_html_for_browsers_and_json_for_programs(self, anonymous: AsyncClient) -> None:
        for problem in (await anonymous.get("/problems")).json()["data"]:
            document = await anonymous.get(problem["type"])
            assert document.json() == problem
            assert set(problem) == {"type", "title", "status", "description", "hint"}
            page = await anonymous.get(problem["type"], headers=BROWSER)
            assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
            assert page.headers["vary"] == document.headers["vary"] == "Accept, Origin"
            assert str(problem["status"]) in page.text
            assert f"<code>{problem['type']}</code>" in page.text

    async def test_the_type_of_an_error_leads_to_its_page(self, client: AsyncClient) -> None:
        for address in ("/nothing", "/datasets/none", "/datasets?a=1", "/imports/none"):
            problem = (await client.get(address)).json()
            page = await client.get(problem["type"], headers=BROWSER)
            assert page.status_code == 200
            assert problem["title"] in page.text

    async def test_the_list_leads_to_each(self, anonymous: AsyncClient) -> None:
        page = await anonymous.get("/problems", headers=BROWSER)
        links = re.findall(r'<dt><a href="(problems/[a-z-]+)">', page.text)
        assert {f"/{link}" for link in links} == {problem.type for problem in explain_all()}

    async def test_what_there_is_not_is_a_problem(self, anonymous: AsyncClient) -> None:
        answer = await anonymous.get("/problems/dataset-not-fuond", headers=BROWSER)
        assert (answer.status_code, answer.json()["type"]) == (404, "/problems/route-not-found")
        assert "Did you mean 'dataset-not-found'?" in answer.json()["detail"]

    async def test_nothing_else_runs_in_them_and_an_unchanged_one_is_not_sent_again(
        self, anonymous: AsyncClient
    ) -> None:
        page = await anonymous.get("/problems", headers=BROWSER)
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert "'unsafe-inline'" not in page.headers["content-security-policy"]
        again = await anonymous.get("/problems", headers={**BROWSER, "If-None-Match": page.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
