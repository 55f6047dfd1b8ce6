"""The laptop's HTTP server: what does not arrive is not waited for, and what arrives in time is served as ever."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from app.core.settings import get_settings
from app.local.bounded_http import BoundedProtocol, encode_address
from app.local.services.emulator import HOST, find_free_port

GET = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\n"
# Far longer than a test runs: what is closed was not closed by this.
NEVER = "3600"

Connect = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]
pytestmark = pytest.mark.usefixtures("settings")


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch, setting: None) -> None:
    """The settings of a process of `tolva dev`."""
    variables = {"DATABASE_URL": "postgresql://x/x", "BUCKET": "bucket", "QUEUE_URL": "queue", "TABLE": "table"}
    for name, value in variables.items():
        monkeypatch.setenv(f"TOLVA_{name}", value)


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with the body that came."""
    assert scope["type"] == "http"
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        body += message["body"]
        if not message["more_body"]:
            break
    if scope["path"] == "/slow":
        await asyncio.sleep(0.5)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


@asynccontextmanager
async def serving(**given: str) -> AsyncIterator[Connect]:
    """A server with some settings, and what connects to it."""
    os.environ.update({f"TOLVA_{name.upper()}": value for name, value in given.items()})
    get_settings.cache_clear()
    port = find_free_port()
    config = uvicorn.Config(
        echo,
        host=HOST,
        port=port,
        http=BoundedProtocol,
        h11_max_incomplete_event_size=get_settings().max_head_bytes,
        lifespan="off",
        log_config=None,
        timeout_keep_alive=int(NEVER),
    )
    server = uvicorn.Server(config)
    config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    writers: list[asyncio.StreamWriter] = []

    async def connect() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection(HOST, port)
        writers.append(writer)
        return reader, writer

    try:
        yield connect
    finally:
        for writer in writers:
            writer.close()
        await server.shutdown()


def problem(response: bytes) -> tuple[int, str]:
    head, _, body = response.partition(b"\r\n\r\n")
    assert b"application/problem+json" in head, response
    document: dict[str, Any] = json.loads(body)
    assert head.startswith(b"HTTP/1.1 %d " % document["status"])
    return document["status"], document["type"]


class TestSlow:
    @pytest.mark.parametrize("part", [b"", b"GET / HT", GET[:-2], POST, POST + b"abc", GET + b"GET / H"])
    async def test_what_does_not_arrive_whole_is_given_up(self, part: bytes) -> None:
        async with serving(request_seconds="0.2") as connect:
            reader, writer = await connect()
            answered = b""
            if part.startswith(GET):
                writer.write(GET)
                answered = await reader.readuntil(b"\r\n\r\n")
                part = part.removeprefix(GET)
            writer.write(part)
            assert problem(await reader.read()) == (408, "/problems/request-timed-out")
            assert answered == b"" or answered.startswith(b"HTTP/1.1 200")

    async def test_a_byte_now_and_then_gives_no_more_time(self) -> None:
        async with serving(request_seconds="0.2") as connect:
            reader, writer = await connect()

            async def drip() -> None:
                for byte in b"GET /" + b"x" * 10_000:
                    writer.write(bytes([byte]))
                    await asyncio.sleep(0.01)

            dripping = asyncio.create_task(drip())
            assert problem(await reader.read()) == (408, "/problems/request-timed-out")
            dripping.cancel()

    async def test_many_at_once_leave_room_for_others(self) -> None:
        async with serving(request_seconds="0.2") as connect:
            half = [await connect() for _ in range(50)]
            for _, writer in half:
                writer.write(POST)
            answers = await asyncio.gather(*(reader.read() for reader, _ in half))
            assert {problem(answer) for answer in answers} == {(408, "/problems/request-timed-out")}
            reader, writer = await connect()
            writer.write(GET)
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")


class TestInTime:
    async def test_requests_in_parts_one_after_the_other(self) -> None:
        async with serving(request_seconds=NEVER) as connect:
            reader, writer = await connect()
            for _ in range(3):
                for part in (POST[:9], POST[9:], b"ab", b"cd"):
                    writer.write(part)
                    await asyncio.sleep(0.02)
                assert (await reader.readuntil(b"abcd")).startswith(b"HTTP/1.1 200")

    async def test_two_at_once(self) -> None:
        async with serving(request_seconds=NEVER) as connect:
            reader, writer = await connect()
            writer.write(POST + b"abcd" + POST + b"efgh")
            await reader.readuntil(b"abcd")
            await reader.readuntil(b"efgh")

    async def test_an_answer_may_take_longer(self) -> None:
        async with serving(request_seconds="0.2") as connect:
            reader, writer = await connect()
            writer.write(GET.replace(b"/", b"/slow", 1))
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")

    async def test_one_to_a_request_that_proposes_another_protocol_too(self) -> None:
        # As `curl --http2` and Java's client do at first.
        proposal = GET[:-2] + b"connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n\r\n"
        async with serving(request_seconds="0.2") as connect:
            reader, writer = await connect()
            writer.write(proposal.replace(b"/", b"/slow", 1))
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")


class TestRefused:
    async def test_one_connection_too_many(self) -> None:
        async with serving(request_seconds=NEVER, max_connections="2") as connect:
            first, second = await connect(), await connect()
            for reader, writer in (first, second):
                writer.write(GET)
                await reader.readuntil(b"\r\n\r\n")
            reader, _ = await connect()
            answer = await reader.read()
            assert problem(answer) == (503, "/problems/service-unavailable")
            assert b"\r\nRetry-After: " in answer
            first[1].close()
            await first[1].wait_closed()
            # The server hears of it a moment later.
            while True:
                reader, writer = await connect()
                writer.write(GET)
                if (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200"):
                    break

    async def test_a_head_that_is_too_long(self) -> None:
        async with serving(request_seconds=NEVER, max_head_bytes="20000") as connect:
            reader, writer = await connect()
            writer.write(b"GET /" + b"x" * 20_000)
            assert problem(await reader.read()) == (431, "/problems/head-too-large")

    async def test_what_is_no_request(self) -> None:
        async with serving(request_seconds=NEVER) as connect:
            reader, writer = await connect()
            writer.write(b"\x00\x01\r\n\r\n")
            assert (await reader.read()).startswith(b"HTTP/1.1 400")


class TestMalformed:
    @pytest.mark.parametrize(
        ("request_", "words"),
        [
            (b"GET /a b HTTP/1.1\r\nhost: x\r\n\r\n", "%20"),
            (b"hello\r\n\r\n", "a method, an address and HTTP/1.1"),
            (b"G\xc3T / HTTP/1.1\r\nhost: x\r\n\r\n", "Percent-encode the address as UTF-8"),
            (b"GET / HTTP/1.1\r\nno header: x\r\n\r\n", "A line of the headers"),
            (b"GET / HTTP/1.1\r\n\r\n", "Host is missing"),
            (b"GET / HTTP/1.1\r\nhost: x\r\nhost: y\r\n\r\n", "Host is there several times"),
            (b"GET / HTTP/1.1\r\nhost: x\r\ncontent-length: x\r\n\r\n", "Content-Length is not a number"),
            (b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: gzip\r\n\r\n", "not chunked"),
            (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", "Use http://, not https://."),
        ],
    )
    async def test_it_is_a_problem_that_says_what_to_change(self, request_: bytes, words: str) -> None:
        async with serving() as connect:
            reader, writer = await connect()
            writer.write(request_)
            answer = await reader.read()
            assert problem(answer) == (400, "/problems/request-malformed")
            assert words in answer.decode()
            assert "bytearray" not in answer.decode()


class TestRawAddress:
    @pytest.mark.parametrize("address", ["/?_q=Núñez", "/日本", "/?q=\U0001f600&x=é"])
    async def test_what_a_terminal_sends_is_served(self, address: str) -> None:
        async with serving() as connect:
            reader, writer = await connect()
            writer.write(f"GET {address} HTTP/1.1\r\nhost: x\r\n\r\n".encode())
            assert (await reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 200")

    def test_each_byte_is_percent_encoded(self) -> None:
        assert encode_address("GET /ú HTTP/1.1\r\nx: ú\r\n".encode()) == b"GET /%C3%BA HTTP/1.1\r\nx: \xc3\xba\r\n"

    @pytest.mark.parametrize(
        "data", [b"GET / HTTP/1.1\r\n", b"\xff\xfe\r\n", b"GET /\xfa", b"GET /\xfa b HTTP/1.1\r\n"]
    )
    def test_what_is_no_request_line_stays(self, data: bytes) -> None:
        assert encode_address(data) == data
