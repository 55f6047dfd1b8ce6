"""Problems as responses."""

import json
from typing import Any

from starlette.responses import JSONResponse

from app.core import log
from app.core.errors import Problem
from app.core.http.names import PROBLEM_JSON


class ProblemResponse(JSONResponse):
    """A response whose body is a problem's document."""

    media_type = PROBLEM_JSON

    def render(self, content: Any) -> bytes:
        # It may repeat what a caller sent, broken characters included.
        return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def render_problem(problem: Problem) -> ProblemResponse:
    """The response that shows a problem."""
    return ProblemResponse(problem.document(log.request_id.get()), problem.status, problem.headers)
