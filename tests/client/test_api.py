import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler

import pytest

from app.client.api import Client, explain_problem, is_local
from tests.cli.servers import serving


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


class _Elsewhere(BaseHTTPRequestHandler):
    """A bucket that answers with the key that a request brings, if it brings one."""

    def do_GET(self) -> None:
        body = json.dumps({"key": self.headers.get("Authorization"), "accept": self.headers.get("Accept")}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Redirects(_Elsewhere):
    """An API whose answers are in that bucket."""

    bucket = ""

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.send_response(303)
        self.send_header("Location", f"{self.bucket}/answers/a?X-Amz-Signature=x")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_POST(self) -> None:
        self.do_GET()


class TestAnswersElsewhere:
    @pytest.fixture
    def client(self) -> Iterator[Client]:
        with serving(_Elsewhere) as bucket, serving(_Redirects, bucket=bucket) as api, Client(api, "secret") as client:
            yield client

    def test_they_are_fetched_without_the_key(self, client: Client) -> None:
        expected = {"key": None, "accept": "application/json"}
        assert json.loads(client.fetch("GET", "/datasets/d/records")) == expected
        assert json.loads(client.fetch("POST", "/datasets/d/records/query", body="{}")) == expected
        assert client.request("GET", "/datasets/d/records")["key"] is None

    def test_they_are_streamed_too(self, client: Client) -> None:
        with client.stream("GET", "/datasets/d/records", accept="text/csv") as pieces:
            assert json.loads(b"".join(pieces)) == {"key": None, "accept": "text/csv"}
