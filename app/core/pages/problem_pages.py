"""The pages of problems, which their `type` leads to: for people as HTML, for programs as JSON."""

import json
import re
from html import escape

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from app.core.errors import Problem, RouteNotFound, did_you_mean
from app.core.pages.page import ICON, VARY, Page, style, wants_html
from app.core.pages.problem_texts import Explained, by_reason, explain, explain_all

router = APIRouter(include_in_schema=False)

_HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · Tolva</title>
<link rel="icon" href="{icon}">
<style>{style}</style>
</head>
<body>
<header class="bar"><div><a class="brand" href="{docs}">Tolva</a><a href="{list}">All problems</a></div></header>
<main>
"""
_INTRODUCTION = """<p>Every error is a problem as RFC 9457 describes it: <code>application/problem+json</code> with a
<code>type</code> that programs can rely on, and that leads to one of these pages.</p>
"""
_BODY = """<p>The body is <code>application/problem+json</code>, as RFC 9457 describes it. <code>detail</code> says what
happened this time, <code>hint</code> how to fix it, and <code>errors</code>, where it is there, lists each mistake.
<code>request_id</code> finds the request in the log.</p>
"""
_TAIL = "</main>\n</body>\n</html>\n"


@router.get("/problems")
async def list_problems(request: Request) -> Response:
    """List every problem that the API can answer with."""
    if not wants_html(request):
        return JSONResponse({"data": [problem.document for problem in explain_all()], "next": None}, headers=VARY)
    return _answer(request, _list_page())


@router.get("/problems/{slug}")
async def show_problem(request: Request, slug: str) -> Response:
    """Explain one problem."""
    problem = Problem.known.get(slug)
    if problem is None:
        near = did_you_mean(slug, Problem.known)
        raise RouteNotFound(f"There is no problem '{slug}'.{near}", hint="/problems lists all of them.")
    if not wants_html(request):
        return JSONResponse(explain(problem).document, headers=VARY)
    return _answer(request, _problem_page(explain(problem)))


def _answer(request: Request, page: str) -> Response:
    answer = Page(page).answer(request)
    answer.headers.update(VARY)
    return answer


def _problem_page(problem: Explained) -> str:
    example = json.dumps(problem.example, ensure_ascii=False, indent=2)
    return "".join(
        [
            _HEAD.format(title=escape(problem.title), icon=ICON, style=style(), docs="../docs", list="../problems"),
            f"<h1>{escape(problem.title)}</h1>\n",
            f'<p><span class="badge">{escape(problem.reason)}</span> <code>{problem.type}</code></p>\n',
            f"<p>{_marked(problem.meaning)}</p>\n",
            f"<h2>How to fix it</h2>\n<p>{_marked(problem.remedy)}</p>\n",
            "<h2>What the answer looks like</h2>\n",
            _BODY,
            f'<pre tabindex="0" role="region" aria-label="An example of the body">{escape(example)}</pre>\n',
            _TAIL,
        ]
    )


def _list_page() -> str:
    sections = by_reason(explain_all())
    return "".join(
        [
            _HEAD.format(title="Problems", icon=ICON, style=style(), docs="docs", list="problems"),
            "<h1>Problems</h1>\n",
            _INTRODUCTION,
            *(_section(reason, problems) for reason, problems in sections),
            _TAIL,
        ]
    )


def _section(reason: str, problems: list[Explained]) -> str:
    entries = (
        f'<dt><a href="problems/{problem.slug}"><code>{problem.slug}</code></a> {escape(problem.title)}</dt>\n'
        f'<dd class="quiet">{_marked(problem.meaning)}</dd>\n'
        for problem in problems
    )
    return f"<h2>{escape(reason)}</h2>\n<dl>\n{''.join(entries)}</dl>\n"


def _marked(text: str) -> str:
    """A text as HTML, what is between backticks as code."""
    return re.sub("`([^`]+)`", r"<code>\1</code>", escape(text, quote=False))
