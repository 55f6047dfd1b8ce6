"""A real browser that opens the pages: each in a tab of its own, which knows no key yet, and noting what breaks."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import BrowserContext, Page, async_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
# A name for this computer that is not known as its own.
ELSEWHERE = "tolva.example"
OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-proxy-server",
    # No page is open for so long that optimising its scripts saves what it costs.
    "--js-flags=--no-opt",
    # It asks its makers' servers for nothing.
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--host-resolver-rules=MAP {ELSEWHERE} 127.0.0.1",
)
# What a page shows in the end: the requests, or why it cannot.
SETTLED = ".swagger-ui .opblock-tag, #message:not([hidden])"
# Opens every group that is named, or all of them, and answers the identifiers of the operations.
LIST_OPERATIONS = """async (tags) => {
  for (const tag of document.querySelectorAll(".opblock-tag[data-is-open=false]")) {
    if (tags.includes(tag.dataset.tag)) tag.click();
  }
  await new Promise((resolve) => setTimeout(resolve, 100));
  return [...document.querySelectorAll(".opblock")].map((operation) => operation.id);
}"""
# Presses Try it out and Execute of an operation; answers the status and, of a problem, the body.
TRY_OUT = """async (id) => {
  const operation = document.getElementById(id);
  const find = async (selector) => {
    for (let tries = 0; tries < 600; tries += 1) {
      const found = operation.querySelector(selector);
      if (found) return found;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error(`${id} has no ${selector}`);
  };
  (await find(".opblock-summary-control")).click();
  (await find(".try-out__btn")).click();
  (await find(".execute")).click();
  const status = (await find(".live-responses-table tbody .response-col_status")).innerText.trim();
  const problem = status.startsWith("2") ? "" : operation.querySelector(".live-responses-table").innerText;
  operation.querySelector(".opblock-summary-control").click();
  return [status.split("\\n")[0], problem];
}"""


@asynccontextmanager
async def run_browser() -> AsyncIterator[BrowserContext]:
    """A window of this machine's browser that loads each unchanging file once; tests skip without a browser."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip("no Chromium is installed: the pages are not opened")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=[*OPTIONS])
        yield await browser.new_context()
        await browser.close()


class Visitor:
    """Opens pages; what breaks a policy or a script meanwhile fails the test in the end."""

    def __init__(self, window: BrowserContext) -> None:
        self._window = window
        self._pages: list[Page] = []
        self.broken: list[str] = []

    async def open(self, address: str, *, width: int = 1280, scheme: str = "light", settled: str = SETTLED) -> Page:
        """The page of an address once it shows all it is going to, in a window of this width."""
        page = await self._window.new_page()
        self._pages.append(page)
        await page.set_viewport_size({"width": width, "height": 900})
        await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        page.on("console", lambda message: self._note(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self._note(str(error)))
        await page.goto(address)
        await page.wait_for_selector(settled, state="attached")
        return page

    async def leave(self) -> None:
        """Close the pages."""
        for page in self._pages:
            await page.close()

    def _note(self, text: str) -> None:
        # An error is not the page's answer.
        if "Failed to load resource" not in text:
            self.broken.append(text)


async def try_all(page: Page, tags: list[str]) -> dict[str, str]:
    """The answers of operations that do not succeed, and the number of all under `tried`."""
    failed = {}
    operations = await page.evaluate(LIST_OPERATIONS, tags)
    for operation in operations:
        status, problem = await page.evaluate(TRY_OUT, operation)
        if not status.startswith("2"):
            failed[operation] = f"{status} {problem}"
    return {"tried": str(len(operations)), **failed}
