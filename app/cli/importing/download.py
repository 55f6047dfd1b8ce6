"""A file at an address of the web. What Tolva is called with is never sent there."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from urllib.parse import unquote, urlsplit

import httpx

from app.cli.display.bars import Bars
from app.cli.importing.sources import OpenFile, spooled
from app.client.api import BLOCK_SIZE, CommandError, is_local
from app.local.file_names import announced_name

TIMEOUT = httpx.Timeout(60, connect=10)
HEADERS = {"Accept": "text/csv, text/tab-separated-values, */*;q=0.5", "User-Agent": "tolva"}


@dataclass(frozen=True)
class Download:
    """A file that is downloaded when its turn comes."""

    url: str
    most_bytes: int

    @property
    def place(self) -> str:
        """The address without what may be secret in it: a password, a signature."""
        parts = urlsplit(self.url)
        return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()

    @property
    def name(self) -> str | None:
        return name_of(self.url)

    @contextmanager
    def opened(self, bars: Bars) -> Iterator[OpenFile]:
        """The file, once all of it is here."""
        with (
            httpx.Client(
                follow_redirects=True, timeout=TIMEOUT, headers=HEADERS, trust_env=not is_local(self.url)
            ) as http,
            self._answered(http) as response,
        ):
            name = find_named(response.headers.get("content-disposition", "")) or name_of(str(response.url))
            with spooled(self._blocks(response, bars), self.place, self.most_bytes) as (copy, size):
                yield OpenFile(name, size, copy)

    @contextmanager
    def _answered(self, http: httpx.Client) -> Iterator[httpx.Response]:
        try:
            response = http.send(http.build_request("GET", self.url), stream=True)
        except (httpx.InvalidURL, httpx.UnsupportedProtocol):
            raise CommandError(f"'{self.place}' is not an address that leads to a file.") from None
        except httpx.TooManyRedirects:
            raise CommandError(f"{self.place} leads in a circle: it was redirected too often.") from None
        except httpx.TransportError as error:
            raise CommandError(f"{self.place} cannot be reached ({type(error).__name__}: {error}).") from None
        try:
            if not response.is_success:
                raise CommandError(
                    f"{self.place} answered with status {response.status_code} {response.reason_phrase}."
                )
            yield response
        finally:
            response.close()

    def _blocks(self, response: httpx.Response, bars: Bars) -> Iterator[bytes]:
        size = response.headers.get("content-length", "")
        with bars.transfer(f"Downloading {self.place}", int(size) if size.isdecimal() else None) as bar:
            try:
                for block in response.iter_bytes(BLOCK_SIZE):
                    bar.advance(len(block))
                    yield block
            except (httpx.TransportError, httpx.DecodingError) as error:
                raise CommandError(f"The download of {self.place} broke off ({type(error).__name__}).") from None


def find_named(disposition: str) -> str | None:
    """The file name that a Content-Disposition gives, without folders."""
    message = Message()
    message["Content-Disposition"] = disposition
    name = re.split(r"[/\\]", message.get_filename() or "")[-1]
    return announced_name(name) if name else None


def name_of(url: str) -> str:
    """The name of the file that an address ends with, or else of its server."""
    parts = urlsplit(url)
    return announced_name(unquote(parts.path).rstrip("/").rpartition("/")[2] or parts.hostname or "")
