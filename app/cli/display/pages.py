"""Records page by page, and as lines of CSV or JSON: for datasets that have no export."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from app.cli.arguments.names import dataset_path
from app.cli.display.exact_json import cell, parse, write

if TYPE_CHECKING:
    from app.client.api import Client

PAGE_SIZE = 1000
# What Lambda cannot answer with, and other places can.
TOO_LARGE = "response-too-large"

Record = dict[str, Any]
Parameters = list[tuple[str, str]]


def read_pages(client: "Client", dataset: str, parameters: Parameters, limit: int | None) -> Iterator[Record]:
    """Records, `limit` of them at most; the numbers in them are the texts that they are."""
    cursor, left, most = None, limit, PAGE_SIZE
    while left is None or left > 0:
        size = most if left is None else min(left, most)
        asked = [*parameters, ("_limit", str(size)), *([("_cursor", cursor)] if cursor else [])]
        page = _find_page(client, dataset_path(dataset, "/records"), asked, is_last_try=size == 1)
        if page is None:
            most = max(1, size // 2)
            continue
        yield from page["data"]
        left = None if left is None else left - len(page["data"])
        cursor = page["next"]
        if cursor is None:
            return


def _find_page(client: "Client", path: str, asked: Parameters, *, is_last_try: bool) -> Any:
    """A page; None if it would be larger than the server's limit, and a smaller one may fit."""
    from app.client.api import ApiError

    try:
        return parse(client.fetch("GET", path, parameters=asked))
    except ApiError as error:
        if error.kind != TOO_LARGE or is_last_try:
            raise
        return None


def read_list(client: "Client", path: str) -> Iterator[Record]:
    """The items of a list that is not of records, page by page; the numbers in them are the texts that they are."""
    return client.list_all(path, parse)


def write_list(items: Iterable[Record]) -> str:
    """The items of all pages as the one page that a list could be."""
    return write({"data": list(items), "next": None})


def csv_line(values: Sequence[Any]) -> str:
    """A line of CSV as exports have it: nothing for null, quotes for an empty text."""
    return ",".join(map(_csv_cell, values)) + "\n"


def _csv_cell(value: Any) -> str:
    text = cell(value)
    if value == "" or any(character in text for character in ',"\r\n') or text == "\\.":
        return '"' + text.replace('"', '""') + '"'
    return text


def json_line(record: Record) -> str:
    """A record as a line of JSON."""
    return write(record) + "\n"
