"""The pages in a real browser: under their policy they show everything, and take no key unasked."""

import os
import re
import shutil
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Literal
from urllib.parse import quote

import pytest
from httpx import AsyncClient
from playwright.async_api import Page, expect

from tests.conformance.browser import ELSEWHERE, Visitor
from tests.conformance.datasets import EVERYTHING
from tests.conftest import ADMIN_KEY

SIGNED_IN = f"#key={quote(ADMIN_KEY)}"


async def _text(page: Page, identifier: str) -> str:
    return await page.locator(f"#{identifier}").inner_text()


async def _is_hidden(page: Page, identifier: str) -> bool:
    return await page.locator(f"#{identifier}").is_hidden()


class TestEverything:
    async def test_the_link_that_is_printed_shows_everything(self, site: AsyncClient, visitor: Visitor) -> None:
        page = await visitor.open(f"{site.base_url}/docs{SIGNED_IN}")
        assert "Signed in with" in await _text(page, "status")
        assert ADMIN_KEY not in page.url
        assert await _is_hidden(page, "question")
        for tag in ("everything", "datasets"):
            await page.locator(f"#operations-tag-{tag}").click()
        for shown in ("operations-everything-list_everything_records", "operations-datasets-list_datasets"):
            await page.locator(f"#{shown}").wait_for()

    async def test_datasets_are_found_by_a_part_of_their_name(self, site: AsyncClient, visitor: Visitor) -> None:
        for number in range(10):
            await site.post("/datasets", json={"name": f"more_{number}", "title": f"Number {number} of them"})
        page = await visitor.open(f"{site.base_url}/docs{SIGNED_IN}")
        assert await page.locator("#names a").count() >= 20
        await page.locator("#search").fill("EVERY")
        assert await page.locator("#names a").all_inner_texts() == ["everything"]
        await page.locator("#search").fill("nothing")
        assert "None" in await _text(page, "rest")
        await page.locator("#search").fill("every")
        await page.locator("#names a").click()
        await page.locator("#title", has_text="Everything").wait_for()

    async def test_an_operation_has_an_address(self, site: AsyncClient, visitor: Visitor) -> None:
        page = await visitor.open(f"{site.base_url}/docs{SIGNED_IN}")
        await page.goto(f"{site.base_url}/docs#/imports/get_import")
        await page.reload()
        await page.locator("#operations-imports-get_import .opblock-body").wait_for()

    @pytest.mark.parametrize("key", ["%E0%A4%A", "a%0Ab", ""])
    async def test_what_is_no_key_is_not_taken(self, site: AsyncClient, visitor: Visitor, key: str) -> None:
        page = await visitor.open(f"{site.base_url}/docs#key={key}")
        assert "Not signed in" in await _text(page, "status")
        assert await page.locator("#operations-tag-datasets").count() == 1

    async def test_elsewhere_no_link_signs_anyone_in_unasked(self, site: AsyncClient, visitor: Visitor) -> None:
        address = str(site.base_url).replace("127.0.0.1", ELSEWHERE)
        page = await visitor.open(f"{address}/docs{SIGNED_IN}")
        assert "Not signed in" in await _text(page, "status")
        assert not await _is_hidden(page, "question")
        assert f"{ADMIN_KEY[:14]}…. Use it only if you trust" in await _text(page, "proposal")
        assert "list_everything_records" not in await page.content()

    async def test_a_key_that_does_not_work_can_be_replaced(self, site: AsyncClient, visitor: Visitor) -> None:
        page = await visitor.open(f"{site.base_url}/docs#key=tolva_wrong")
        assert "Give a key above" in await _text(page, "message")
        await page.locator("#key").fill(ADMIN_KEY)
        await page.keyboard.press("Enter")
        await page.locator("#operations-tag-everything").wait_for()
        assert await _is_hidden(page, "message")

    async def test_the_start_leads_there(self, site: AsyncClient, visitor: Visitor) -> None:
        page = await visitor.open(f"{site.base_url}/{SIGNED_IN}")
        assert page.url == f"{site.base_url}/docs"


class TestDataset:
    async def test_it_begins_with_what_there_is(self, site: AsyncClient, visitor: Visitor) -> None:
        page = await visitor.open(f"{site.base_url}/datasets/everything/docs{SIGNED_IN}")
        assert await _text(page, "title") == "Everything"
        assert await _text(page, "about") == "A column of every type."
        rows = await page.locator("#columns tbody tr").all_inner_texts()
        assert len(rows) == len(EVERYTHING["columns"])
        assert [row.split()[0] for row in rows] == [column["name"] for column in EVERYTHING["columns"]]
        for number, said in ((0, "key"), (0, "20 characters"), (2, "required"), (3, "unique"), (4, "Weight (kg)")):
            assert said in rows[number]
        assert "Without tax." in rows[5]
        assert "decimal(8, 2)" in rows[5]
        assert "one of S, M, L" in rows[6]
        records = await page.locator("#records tbody tr").all_inner_texts()
        assert [record.split()[0] for record in records] == ["A1", "A2", "A3"]
        content = await page.content()
        assert 'id="operations-everything-list_everything_records"' in content
        assert "list_makers_records" not in content
        assert ADMIN_KEY not in content

    async def test_columns_are_found_by_a_part_of_their_name(self, site: AsyncClient, visitor: Visitor) -> None:
        columns = [{"name": f"q_{number}", "type": "text", "label": f"Question {number}"} for number in range(300)]
        await site.post("/datasets", json={"name": "wide", "columns": columns})
        page = await visitor.open(f"{site.base_url}/datasets/wide/docs{SIGNED_IN}", width=320)
        await page.locator("#find-column").fill("question 29")
        await expect(page.locator("#columns tbody tr:visible")).to_have_count(11)
        assert await _text(page, "columns-found") == "11 columns"

    async def test_the_filters_of_a_column_are_one_line_that_opens(self, site: AsyncClient, visitor: Visitor) -> None:
        page = await visitor.open(f"{site.base_url}/datasets/everything/docs{SIGNED_IN}")
        operation = page.locator("#operations-everything-list_everything_records")
        await operation.locator(".opblock-summary-control").click()
        folded = operation.locator(".folding")
        await expect(folded).to_have_count(len(EVERYTHING["columns"]))
        await expect(operation.locator("[data-param-name^=price]")).to_have_count(0)
        price = operation.locator(".folding", has_text="price")
        await price.focus()
        await page.keyboard.press("Enter")
        assert await price.get_attribute("aria-expanded") == "true"
        await operation.locator(".try-out__btn").click()
        await operation.locator("[data-param-name=price__gte] input").fill("0.05")
        await price.click()
        await expect(operation.locator("[data-param-name^=price]")).to_have_count(0)
        assert "1 given" in await price.inner_text()
        await operation.locator(".execute").click()
        shown = await operation.locator(".request-url pre").inner_text()
        assert "price__gte=0.05" in shown

    @pytest.mark.parametrize("name", ["absent", "%3Cscript%3E"])
    async def test_one_that_there_is_not_is_said(self, site: AsyncClient, visitor: Visitor, name: str) -> None:
        page = await visitor.open(f"{site.base_url}/datasets/{name}/docs{SIGNED_IN}")
        assert not await _is_hidden(page, "message")

    async def test_text_of_records_is_no_html(self, site: AsyncClient, visitor: Visitor) -> None:
        evil = "<img src=x onerror=alert(1)>"
        columns = [{"name": "a", "type": "text", "label": evil, "description": evil}]
        await site.post("/datasets", json={"name": "evil", "title": evil, "description": evil, "columns": columns})
        await site.post("/datasets/evil/records", json={"a": evil})
        page = await visitor.open(f"{site.base_url}/datasets/evil/docs{SIGNED_IN}")
        assert await _text(page, "title") == evil
        assert await page.locator("#dataset img").count() == 0


def _run(language: str, snippet: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a snippet unchanged, with the key in the environment, and return its output."""
    environment = os.environ | {"TOLVA_KEY": ADMIN_KEY, "NO_PROXY": "127.0.0.1"}
    programs = {"curl": ("bash", "sh"), "typescript": ("node", "mjs"), "python": (sys.executable, "py")}
    program, ending = programs[language]
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed: its snippets are not run")
    script = folder / f"snippet.{ending}"
    script.write_text(snippet)
    return subprocess.run([program, script], capture_output=True, text=True, env=environment, check=False, timeout=30)


class TestSnippets:
    @pytest.mark.parametrize(
        ("name", "shown"),
        [("everything", "A1"), ("pairs", "north, east"), ("numbered", "one"), ("stored", "A1"), ("readings", "north")],
    )
    async def test_each_runs_as_it_is_printed(
        self, site: AsyncClient, visitor: Visitor, tmp_path: Path, name: str, shown: str
    ) -> None:
        page = await visitor.open(f"{site.base_url}/datasets/{name}/docs{SIGNED_IN}")
        for language in ("curl", "typescript", "python"):
            snippet = await page.locator(f"[data-language={language}] code").inner_text()
            assert "tolva_" not in snippet
            ran = _run(language, snippet, tmp_path)
            assert (ran.returncode, shown in ran.stdout) == (0, True), ran.stdout + ran.stderr

    async def test_what_was_sent_is_shown_as_curl_sends_it(
        self, site: AsyncClient, visitor: Visitor, tmp_path: Path
    ) -> None:
        page = await visitor.open(f"{site.base_url}/datasets/pairs/docs{SIGNED_IN}")
        operation = page.locator("#operations-pairs-query_pairs_records")
        await operation.locator(".opblock-summary-control").click()
        await operation.locator(".try-out__btn").click()
        await operation.locator("textarea").fill('{"where": {"region": "it\'s"}, "limit": 1}')
        await operation.locator(".execute").click()
        command = await operation.locator(".snippet pre").inner_text()
        assert ADMIN_KEY not in await page.content()
        ran = _run("curl", command, tmp_path)
        assert (ran.returncode, ran.stdout) == (0, '{"data":[],"next":null}')

    async def test_each_is_copied_by_its_button(self, site: AsyncClient, visitor: Visitor) -> None:
        page = await visitor.open(f"{site.base_url}/datasets/pairs/docs{SIGNED_IN}")
        await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        await page.get_by_role("button", name="Copy the Python snippet").click()
        await page.get_by_text("Copied").wait_for()
        copied = await page.evaluate("navigator.clipboard.readText()")
        assert copied == await page.locator("[data-language=python] code").inner_text()


SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
PAGES = ["/docs", "/datasets/everything/docs", "/datasets/empty/docs", "/problems", "/problems/dataset-not-found"]


AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


async def _find_violations(page: Page) -> list[str]:
    """The accessibility faults that axe-core finds on a page, with the first position of each."""
    await page.evaluate(AXE)
    found = await page.evaluate("rules => axe.run({runOnly: rules})", RULES)
    return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found["violations"]]


class TestLooks:
    @pytest.mark.parametrize("path", PAGES)
    async def test_it_fits_every_window_and_keeps_nobody_out(
        self, site: AsyncClient, visitor: Visitor, path: str
    ) -> None:
        settled = "h1" if path.startswith("/problems") else ".opblock-tag"
        page = await visitor.open(f"{site.base_url}{path}{SIGNED_IN}", settled=settled)
        for width in (320, 390, 1440, 3840):
            await page.set_viewport_size({"width": width, "height": 900})
            root = "document.documentElement"
            assert await page.evaluate(f"{root}.scrollWidth - {root}.clientWidth") == 0, width
        for scheme in SCHEMES:
            await page.emulate_media(color_scheme=scheme)
            assert await _find_violations(page) == [], scheme

    async def test_an_open_request_does_too(self, site: AsyncClient, visitor: Visitor) -> None:
        page = await visitor.open(f"{site.base_url}/datasets/pairs/docs{SIGNED_IN}", width=390)
        operation = page.locator("#operations-pairs-list_pairs_records")
        await operation.locator(".opblock-summary-control").click()
        await operation.locator(".try-out__btn").click()
        await operation.locator(".execute").click()
        await operation.locator(".live-responses-table .response-col_status").first.wait_for()
        root = "document.documentElement"
        assert await page.evaluate(f"{root}.scrollWidth - {root}.clientWidth") == 0

    async def test_dark_colours_follow_the_reader(self, site: AsyncClient, visitor: Visitor) -> None:
        page = await visitor.open(f"{site.base_url}/docs{SIGNED_IN}", scheme="dark")
        background = "getComputedStyle(document.body).backgroundColor"
        dark = await page.evaluate(background)
        await page.emulate_media(color_scheme="light")
        light = await page.evaluate(background)
        brightness = [sum(map(int, re.findall(r"\d+", color)[:3])) for color in (dark, light)]
        assert brightness[0] < 120
        assert brightness[1] > 700
