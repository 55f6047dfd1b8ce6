"""Problems: every refusal the API can give, as RFC 9457 describes them.

A problem is a class named for the fact it states (`DatasetNameTaken`). Features define their own beside their code.
"""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, ClassVar


class Problem(Exception):
    """An error that a caller can act on.

    `status` and `title` belong to the class; `detail` says what happened this time, `hint` how to mend it and
    `errors` lists the single mistakes, each a dict with a `message` and where it was found.
    """

    status: ClassVar[int] = 400
    title: ClassVar[str] = "The request cannot be served"

    def __init__(
        self,
        detail: str,
        *,
        hint: str | None = None,
        errors: list[dict[str, Any]] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.hint = hint
        self.errors = errors
        self.headers = headers or {}

    @classmethod
    def slug(cls) -> str:
        """The last part of the problem's `type`: DatasetNameTaken is `dataset-name-taken`."""
        return re.sub(r"(?<!^)(?=[A-Z])", "-", cls.__name__).lower()

    def document(self, request_id: str | None = None) -> dict[str, Any]:
        """The problem as `application/problem+json` shows it."""
        members = {
            "type": f"/problems/{self.slug()}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "hint": self.hint,
            "errors": self.errors,
            "request_id": request_id,
        }
        return {name: value for name, value in members.items() if value is not None}


class RouteNotFound(Problem):
    status = 404
    title = "There is nothing at this address"


class MethodNotAllowed(Problem):
    status = 405
    title = "This address does not take this method"


class OriginNotAllowed(Problem):
    """A page of another origin, that is, scheme, host and port, called from a browser, and the settings do not list it.

    Add the origin to `TOLVA_CORS_ORIGINS`, such as `https://app.example.com`, `http://localhost:*` or
    `https://*.example.com`, with commas between several; in AWS it is the template's parameter `CorsOrigins`.
    """

    status = 403
    title = "Pages of this origin may not call the API"


class RequestInvalid(Problem):
    status = 422
    title = "The request does not fit"


class MalformedJson(Problem):
    status = 400
    title = "The body is not JSON"


class UnknownParameter(Problem):
    status = 400
    title = "The address has a parameter that does not exist here"


class ParameterInvalid(Problem):
    status = 400
    title = "A parameter has a value that cannot be used"


class CursorInvalid(Problem):
    status = 400
    title = "The cursor cannot be used"


class MediaTypeUnsupported(Problem):
    status = 415
    title = "The body is of a kind that is not read here"


class BodyTooLarge(Problem):
    status = 413
    title = "The body is too large"


class InternalError(Problem):
    status = 500
    title = "Something went wrong on our side"


class ServiceUnavailable(Problem):
    status = 503
    title = "A part of the service cannot be reached"

    def __init__(self, detail: str, *, retry_after: int = 5) -> None:
        super().__init__(detail, hint=f"Try again in {retry_after} seconds.", headers={"Retry-After": str(retry_after)})


class StatementTimedOut(Problem):
    status = 503
    title = "The query took too long"


class AnswerNotKept(Problem):
    status = 409
    title = "The request has been done, and its answer was not kept"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """` Did you mean 'price'?` when a known word is near, else an empty string: to be put behind a sentence."""
    near = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f" Did you mean '{near[0]}'?" if near else ""
