"""Records page by page, and as lines of CSV or JSON: for what cannot be had as one export."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from app.cli.exact_json import cell, parse, write
from app.cli.names import dataset_path

if TYPE_CHECKING:
    from app.client import Client

PAGE_SIZE = 1000

Record = dict[str, Any]
Parameters = list[tuple[str, str]]


def read_pages(client: "Client", dataset: str, parameters: Parameters, limit: int | None) -> Iterator[Record]:
    """Records, `limit` of them at most; the numbers in them are the texts that they are."""
    cursor, left = None, limit
    while left is None or left > 0:
        size = PAGE_SIZE if left is None else min(left, PAGE_SIZE)
        asked = [*parameters, ("_limit", str(size)), *([("_cursor", cursor)] if cursor else [])]
        page = parse(client.fetch("GET", dataset_path(dataset, "/records"), parameters=asked))
        yield from page["data"]
        left = None if left is None else left - len(page["data"])
        cursor = page["next"]
        if cursor is None:
            return


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
