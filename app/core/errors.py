"""Problems: every refusal the API can give, as RFC 9457 describes them.

A problem is a class named for the fact it states (`DatasetNameTaken`). Features define their own next to their code.
"""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, ClassVar

# A promotion takes minutes.
READ_ONLY_RETRY_SECONDS = 60


class Problem(Exception):
    """An error that a caller can act on.

    `status` and `title` belong to the class, and its docstring says what it means and, from the second paragraph on,
    how to fix it: `/problems` shows that. `detail` says what happened this time, `hint` how to fix that and `errors`
    lists the single mistakes, each a dict with a `message` and its position.
    """

    status: ClassVar[int] = 400
    title: ClassVar[str] = "Bad request"

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

    # Every problem that callers can meet, by its slug.
    known: ClassVar[dict[str, "type[Problem]"]] = {}

    def __init_subclass__(cls, *, is_base: bool = False) -> None:
        super().__init_subclass__()
        if not is_base and _is_public(cls) and cls.known.setdefault(cls.slug(), cls) is not cls:
            raise TypeError(
                f"{cls.__name__} has the type of another problem, /problems/{cls.slug()}: name it otherwise"
            )

    @classmethod
    def slug(cls) -> str:
        """The last part of the problem's `type`: DatasetNameTaken is `dataset-name-taken`.

        A problem with a private name is to callers what it is derived from.
        """
        public = next(base for base in cls.__mro__ if _is_public(base))
        return re.sub(r"(?<!^)(?=[A-Z])", "-", public.__name__).lower()

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


def _is_public(problem: type) -> bool:
    return not problem.__name__.startswith("_")


class RouteNotFound(Problem):
    """No route matches this URL.

    Compare the URL with those that `/docs` lists. Records are at `/datasets/{dataset}/records`; no URL ends with a
    slash.
    """

    status = 404
    title = "Not found"


class MethodNotAllowed(Problem):
    """The URL exists, but it does not accept this HTTP method.

    Use a method that the header `Allow` and the detail name.
    """

    status = 405
    title = "Method not allowed"


class OriginNotAllowed(Problem):
    """A page of another origin (scheme, host and port) called the API from a browser, and the settings do not list that
    origin.

    Add the origin to `TOLVA_CORS_ORIGINS`, such as `https://app.example.com`, `http://localhost:*` or
    `https://*.example.com`, with commas between several; in AWS it is the template's parameter `CorsOrigins`.
    """

    status = 403
    title = "Origin not allowed"


class RequestInvalid(Problem):
    """The body is valid JSON, but a member is missing, unknown or has an invalid value.

    Correct the members that `errors` lists, each with its path; `/docs` shows what the route accepts.
    """

    status = 422
    title = "Invalid request body"


class MalformedJson(Problem):
    """The body cannot be parsed as one JSON document in UTF-8.

    Write the body with a JSON library: no comments, no trailing commas, no `NaN` and no duplicate members.
    """

    status = 400
    title = "Malformed JSON"


class UnknownParameter(Problem):
    """The query string has a parameter, a column or an operator that this route does not have.

    Correct the name; the detail suggests the nearest one. Filters are `column=value` or `column__operator=value`.
    """

    status = 400
    title = "Unknown query parameter"


class ParameterInvalid(Problem):
    """A query parameter, a part of the path or a header has a value that the route cannot use.

    Correct the value as the detail says, and percent-encode special characters.
    """

    status = 400
    title = "Invalid parameter value"


class CursorInvalid(Problem):
    """The `_cursor` is truncated, invalid or from another query.

    Use `next` of the previous page unchanged and keep all other parameters the same, or start again without `_cursor`.
    """

    status = 400
    title = "Invalid cursor"


class MediaTypeUnsupported(Problem):
    """The route does not accept the body's `Content-Type`, charset or `Content-Encoding`.

    Send JSON in UTF-8 with `Content-Type: application/json`, not compressed.
    """

    status = 415
    title = "Unsupported media type"


class BodyTooLarge(Problem):
    """The body has more bytes than the setting `TOLVA_MAX_BODY_BYTES` or the gateway allows.

    Send fewer records at a time, or import a file: its upload goes to the bucket and can be far larger.
    """

    status = 413
    title = "Request body too large"


class InternalError(Problem):
    """The request failed because of an error in the server. Nothing was saved unless the response had started.

    Send the request again. If it fails again, report `request_id`: the log has the reason under it.
    """

    status = 500
    title = "Internal server error"


class ServiceUnavailable(Problem):
    """The database, the key-value table, the bucket or the queue does not respond or is busy.

    Wait as long as the header `Retry-After` says and send the request again; with an `Idempotency-Key` it is not
    processed twice.
    """

    status = 503
    title = "Service unavailable"

    def __init__(self, detail: str, *, retry_after: int = 5) -> None:
        super().__init__(detail, hint=f"Try again in {retry_after} seconds.", headers={"Retry-After": str(retry_after)})


class RegionReadOnly(Problem):
    """This region answers reads only: its database is a copy of another region's, and the setting `TOLVA_READ_ONLY` is
    on.

    Send writes to the primary region. If this region takes its place, promote the database here, then set
    `TOLVA_READ_ONLY` to false; the page on regions has the steps.
    """

    status = 503
    title = "Region is read-only"

    def __init__(self) -> None:
        super().__init__(
            "This region answers reads only.",
            hint="Send the request to the primary region, or again once this one is promoted.",
            headers={"Retry-After": str(READ_ONLY_RETRY_SECONDS)},
        )


class StatementTimedOut(Problem):
    """The query took longer than the settings allow and was stopped.

    Filter by an indexed column, ask for fewer columns or records, or add an index to the dataset.
    """

    status = 503
    title = "Query timed out"


class SlowReadsBusy(Problem):
    """As many slow reads as the settings allow are running: filters, searches and aggregates, or exports.

    Wait as long as the header `Retry-After` says. Add an index or ask for fewer records, so that each one is shorter,
    or raise `TOLVA_MAX_SLOW_READS` or `TOLVA_MAX_RUNNING_EXPORTS`. Records are read by their key meanwhile.
    """

    status = 503
    title = "Too many slow reads"


class ResponseNotStored(Problem):
    """A request with this `Idempotency-Key` was processed, but its response was not stored and cannot be repeated.

    Look for what the first request created. Send a new `Idempotency-Key` only to run the request once more.
    """

    status = 409
    title = "Response not stored"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """` Did you mean 'price'?` if a known word is near, else an empty string: to append to a sentence."""
    near = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f" Did you mean '{near[0]}'?" if near else ""
