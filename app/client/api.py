"""A client of the API for the command line: any running Tolva, on this machine or deployed."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from ipaddress import ip_address
from types import TracebackType
from typing import Any, Protocol, Self
from urllib.parse import quote, urlsplit

import httpx

BLOCK_SIZE = 256 * 1024
# The answers that lead to the bucket.
ELSEWHERE = (httpx.codes.SEE_OTHER, httpx.codes.TEMPORARY_REDIRECT)
TIMEOUT = httpx.Timeout(30, connect=10)
# S3 answers an upload once the last byte is stored, which a large file makes it wait for.
UPLOAD_TIMEOUT = httpx.Timeout(300, connect=10)
# An export may be long in coming, and stop for a while.
STREAM_TIMEOUT = httpx.Timeout(300, connect=10)

JSON = "application/json"

Document = dict[str, Any]
# The parameters of an address, in their order.
Parameters = Sequence[tuple[str, str]]


class Readable(Protocol):
    """A source of the bytes of a file."""

    def read(self, most: int, /) -> bytes:
        """So many bytes, or fewer; none at the end."""
        ...


class CommandError(Exception):
    """A command cannot go on; the message says what is wrong and how to fix it."""


class ApiError(CommandError):
    """The API refused a request; `status` is the HTTP status, `problem` what it said, as RFC 9457 has it."""

    def __init__(self, status: int, problem: Document) -> None:
        super().__init__(explain_problem(problem))
        self.status = status
        self.problem = problem

    @property
    def kind(self) -> str:
        """The slug of the problem: the end of its `type`."""
        return str(self.problem.get("type", "")).rpartition("/")[2]


class Unreachable(CommandError):
    """Nothing answers at the API's address, or not for now."""


class UploadFailed(CommandError):
    """The storage refused a file, or could not be reached."""


class Client:
    """The routes of the API that the commands use. Every method raises ApiError or Unreachable."""

    def __init__(self, url: str, key: str, timeout: httpx.Timeout = TIMEOUT) -> None:
        self.url = url.rstrip("/")
        self.key = key
        headers = {"Authorization": f"Bearer {key}"}
        self._http = httpx.Client(base_url=self.url, headers=headers, timeout=timeout, trust_env=not is_local(url))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def request(self, method: str, path: str, *, body: Document | None = None, **parameters: str) -> Document:
        """The document that a route answers with; an empty one for an answer without a body."""
        with _failures(self.url):
            response = self._send(self._http.build_request(method, path, json=body, params=parameters))
        _refuse_failure(response)
        return _json_of(response) if response.content else {}

    def fetch(
        self, method: str, path: str, *, parameters: Parameters = (), body: str | None = None, accept: str = JSON
    ) -> str:
        """The text that a route answers with, as it is; `body` is JSON."""
        with _failures(self.url):
            response = self._send(self._build(method, path, parameters, body=body, accept=accept, timeout=TIMEOUT))
        _refuse_failure(response)
        if accept == JSON and JSON not in response.headers.get("content-type", ""):
            raise _not_tolva(response)
        return response.content.decode("utf-8", "replace")

    @contextmanager
    def stream(
        self, method: str, path: str, *, parameters: Parameters = (), body: str | None = None, accept: str = JSON
    ) -> Iterator[Iterator[bytes]]:
        """The bytes that a route answers with, as they come.

        Raises:
            CommandError: while they are read, the answer breaks off.
        """
        with _failures(self.url):
            request = self._build(method, path, parameters, body=body, accept=accept, timeout=STREAM_TIMEOUT)
            response = self._send(request, stream=True)
        try:
            if not response.is_success:
                with _failures(self.url):
                    response.read()
                _refuse_failure(response)
            yield _pieces(response)
        finally:
            response.close()

    def _send(self, request: httpx.Request, *, stream: bool = False) -> httpx.Response:
        """The response, also if the API says that it is in its bucket; the key is not sent there."""
        response = self._http.send(request, stream=stream)
        if response.status_code not in ELSEWHERE or response.next_request is None:
            return response
        response.close()
        elsewhere = response.next_request
        elsewhere.headers.pop("Authorization", None)
        return self._http.send(elsewhere, stream=stream)

    def _build(
        self, method: str, path: str, parameters: Parameters, *, body: str | None, accept: str, timeout: httpx.Timeout
    ) -> httpx.Request:
        headers = {"Accept": accept} | ({"Content-Type": JSON} if body is not None else {})
        content = body.encode() if body is not None else None
        return self._http.build_request(
            method, path, params=list(parameters), content=content, headers=headers, timeout=timeout
        )

    def find_dataset(self, name: str) -> Document | None:
        """A dataset, or None if no dataset has that name."""
        try:
            return self.request("GET", f"/datasets/{quote(name, safe='')}")
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def create_import(self, dataset: str, body: Document) -> Document:
        """A new import, with the `upload` that takes its file."""
        return self.request("POST", f"/datasets/{quote(dataset, safe='')}/imports", body=body)

    def get_import(self, import_id: str) -> Document:
        return self.request("GET", f"/imports/{import_id}")

    def cancel_import(self, import_id: str) -> None:
        self.request("POST", f"/imports/{import_id}/cancel")

    def list_all(
        self, path: str, parse: Callable[[str], Any] = json.loads, *, parameters: Parameters = ()
    ) -> Iterator[Document]:
        """Every item of a list, page by page; `parse` reads its JSON."""
        place: Parameters = ()
        while True:
            text = self.fetch("GET", path, parameters=[*parameters, *place])
            try:
                page = parse(text)
            except ValueError:
                page = None
            if not isinstance(page, dict) or "data" not in page:
                raise CommandError(f"{self.url}{path} is not a list of Tolva's. Is --url the address of a Tolva?")
            yield from page["data"]
            if page["next"] is None:
                return
            place = [("_cursor", page["next"])]


@contextmanager
def _failures(url: str) -> Iterator[None]:
    """Say in our own words why a request was not answered."""
    try:
        yield
    except httpx.InvalidURL:
        raise CommandError(f"'{url}' is not a URL. Give one such as http://127.0.0.1:8000.") from None
    except httpx.UnsupportedProtocol:
        raise CommandError(f"'{url}' is not a URL. Begin it with http:// or https://.") from None
    except httpx.TimeoutException:
        raise Unreachable(f"{url} did not answer in time. Try again, or ask for less.") from None
    except httpx.TransportError as error:
        here = "Start Tolva with `uv run tolva dev`, or name the one that runs with --url."
        away = "Check the address, and that your network lets you reach it."
        reason = f"{type(error).__name__}{f': {error}' if str(error) else ''}"
        raise Unreachable(f"Nothing answers at {url} ({reason}). {here if is_local(url) else away}") from None


def _refuse_failure(response: httpx.Response) -> None:
    """Raise what a response says went wrong."""
    if response.status_code == 503:
        raise Unreachable(explain_problem(_problem_of(response)))
    if not response.is_success:
        raise ApiError(response.status_code, _problem_of(response))


def _pieces(response: httpx.Response) -> Iterator[bytes]:
    try:
        yield from response.iter_bytes(BLOCK_SIZE)
    except httpx.TransportError as error:
        raise CommandError(
            f"The answer broke off ({type(error).__name__}): it is not whole. Try again, or ask for less with filters."
        ) from None


def upload_file(upload: Document, stream: Readable, size: int, sent: Callable[[int], None]) -> None:
    """Send a file of `size` bytes to the URL of `upload`; `sent` gets the number of bytes of each block.

    Raises:
        CommandError: the file no longer has that size, or the storage refuses it or cannot be reached.
    """
    try:
        send_bytes(upload, stream, size, sent)
    except UploadFailed as error:
        raise CommandError(f"{error} Nothing was imported; run the command again.") from None


def send_bytes(upload: Document, stream: Readable, size: int, sent: Callable[[int], None]) -> None:
    """Send a file, or a part of one, as `upload_file` does.

    Raises:
        UploadFailed: the storage refuses it or cannot be reached.
        CommandError: it no longer has that size.
    """
    try:
        with httpx.Client(timeout=UPLOAD_TIMEOUT, trust_env=not is_local(upload["url"])) as http:
            response = http.request(
                upload["method"], upload["url"], headers=upload["headers"], content=_blocks(stream, size, sent)
            )
    except httpx.TransportError as error:
        raise UploadFailed(f"The upload broke off ({type(error).__name__}: {error}).") from None
    if not response.is_success:
        raise UploadFailed(f"The storage refused the file with status {response.status_code}: {response.text[:500]}.")


def _blocks(stream: Readable, size: int, sent: Callable[[int], None]) -> Iterator[bytes]:
    left = size
    while left:
        block = stream.read(min(BLOCK_SIZE, left))
        left -= len(block)
        # Before the last block is sent: what has arrived whole is imported.
        if not block or (not left and stream.read(1)):
            raise CommandError(
                "The file changed while it was sent, so nothing was imported. Run the command again once it is whole."
            )
        yield block
        sent(len(block))


def is_local(url: str) -> bool:
    """Return whether a URL leads to this very machine."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def explain_problem(problem: Document) -> str:
    """A problem as lines of text: what it is, what happened, each mistake, how to fix it."""
    detail = str(problem.get("detail", "no reason was given"))
    lines = [f"{problem.get('title', 'The request failed')}: {detail}"]
    for error in problem.get("errors") or []:
        message = str(error.get("message", ""))
        place = error.get("path") or error.get("column")
        if message.rstrip(".").lower() not in detail.lower():
            lines.append(f"  {place}: {message}" if place else f"  {message}")
    if problem.get("hint"):
        lines.append(str(problem["hint"]))
    return "\n".join(lines)


def _json_of(response: httpx.Response) -> Document:
    try:
        document = response.json()
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise _not_tolva(response)
    return document


def _not_tolva(response: httpx.Response) -> CommandError:
    return CommandError(f"{response.url} did not answer as Tolva does. Is --url the address of a Tolva?")


def _problem_of(response: httpx.Response) -> Document:
    """The message of a refusal, including one from something in between, such as a gateway."""
    try:
        document = response.json()
    except ValueError:
        document = None
    if isinstance(document, dict) and "title" in document:
        return document
    return {
        "title": f"{response.url} answered with status {response.status_code}",
        "detail": response.text[:300] or "nothing more",
        "hint": "Is --url the address of a Tolva?",
    }
