"""`tolva export`: all records of a query as a file, or on the standard output."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.arguments import record_query as asked
from app.cli.arguments.names import dataset_path
from app.cli.arguments.record_query import FileFormat, Parameters, list_parameters
from app.cli.command import Tolva, connected
from app.cli.completion import DatasetName
from app.cli.display.pages import TOO_LARGE, csv_line, json_line, read_pages
from app.cli.display.target_file import OutputFile, target_file

if TYPE_CHECKING:
    from app.client.api import Client

SUFFIXES: dict[str, FileFormat] = {
    ".csv": "csv",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".json": "json",
    ".zip": "zip",
}
# The API's answers if a whole export is not available: of a key-value dataset, or in Lambda.
ONLY_IN_PAGES = ("not-supported-by-store", "format-not-available", TOO_LARGE)

SPREADSHEET = ("_spreadsheet", "true")


@connected
def export_records(
    tolva: Tolva,
    name: DatasetName,
    filters: asked.Filters = None,
    *,
    output: OutputFile = None,
    file_format: Annotated[
        FileFormat | None,
        typer.Option(
            "--format", help="By the file's name; otherwise csv. zip: CSV with the pictures.", show_default=False
        ),
    ] = None,
    select: asked.Select = None,
    sort: asked.Sort = None,
    search: asked.Search = None,
    limit: asked.Limit = None,
    spreadsheet: Annotated[
        bool, typer.Option("--spreadsheet", help="For csv: safe to open in a spreadsheet, no text is a formula.")
    ] = False,
) -> None:
    """Export all records that match, streamed. The file is whole, or it is not there."""
    from app.cli.display.bars import Bars

    chosen = file_format or _format_of(output, as_json=tolva.output.as_json)
    parameters = list_parameters(filters or [], select=select, sort=sort, search=search, limit=None)
    if spreadsheet:
        parameters.append(SPREADSHEET)
    pieces = formatted(export_pieces(tolva.client, name, parameters, limit, chosen), chosen)
    if chosen == "zip":
        _write_archive(tolva, name, output, pieces, spreadsheet=spreadsheet)
        return
    if output is None:
        tolva.output.pieces(pieces)
        return
    size = 0
    with target_file(output) as file, Bars(quiet=tolva.output.is_quiet).arrival(f"Exporting to {output}") as bar:
        for piece in pieces:
            file.write(piece)
            size += len(piece)
            bar.advance(len(piece))
    tolva.output.note(f"Wrote {output} ({size:,} bytes).")


def _write_archive(tolva: Tolva, name: str, output: Path | None, pieces: Iterator[bytes], *, spreadsheet: bool) -> None:
    """Write the records and the pictures that they name as an archive."""
    from app.cli.display.bars import Bars
    from app.cli.exporting.archive import ArchiveExport

    if output is None:
        raise typer.BadParameter("Name the file to write: -o products.zip.", param_hint="--output")
    if spreadsheet:
        raise typer.BadParameter("It is for csv; an archive is for an import.", param_hint="--spreadsheet")
    with target_file(output) as file:
        pictures = ArchiveExport(tolva.client, name, Bars(quiet=tolva.output.is_quiet)).write(file, pieces)
        size = file.tell()
    tolva.output.note(f"Wrote {output} ({size:,} bytes, {pictures:,} pictures).")


def _format_of(output: Path | None, *, as_json: bool) -> FileFormat:
    """The format that a file's name tells."""
    if output is None or str(output).startswith("/dev/"):
        return "json" if as_json else "csv"
    if output.suffix.lower() not in SUFFIXES:
        raise typer.BadParameter(
            f"'{output.name}' does not tell a format; give --format csv, ndjson, json or zip", param_hint="--output"
        )
    return SUFFIXES[output.suffix.lower()]


def export_pieces(
    client: "Client", name: str, parameters: Parameters, limit: int | None, chosen: FileFormat
) -> Iterator[bytes]:
    """CSV, or lines of JSON, of records: as the API exports them, or else put together from its pages."""
    from app.client.api import ApiError

    limited = [*parameters, *([("_limit", str(limit))] if limit else [])]
    try:
        path = dataset_path(name, "/records")
        with client.stream("GET", path, parameters=limited, accept=asked.MEDIA_TYPES[chosen]) as pieces:
            yield from pieces
    except ApiError as error:
        # Only an export of the API is safe for spreadsheets.
        if error.kind not in ONLY_IN_PAGES or SPREADSHEET in parameters:
            raise
        yield from _pieces_of_pages(client, name, parameters, limit, chosen)


def _pieces_of_pages(
    client: "Client", name: str, parameters: Parameters, limit: int | None, chosen: FileFormat
) -> Iterator[bytes]:
    records = read_pages(client, name, parameters, limit)
    if chosen not in ("csv", "zip"):
        yield from (json_line(record).encode() for record in records)
        return
    first = next(records, None)
    dataset = client.request("GET", dataset_path(name))
    names = list(first) if first is not None else [column["name"] for column in dataset["columns"]]
    yield csv_line(names).encode()
    images = {column["name"] for column in dataset["columns"] if column.get("type") == "image"}
    for record in chain([] if first is None else [first], records):
        yield csv_line([_cell(record.get(column), column in images) for column in names]).encode()


def _cell(value: object, is_image: bool) -> object:
    """A value as a CSV file has it: of an image its id."""
    return value["id"] if is_image and isinstance(value, dict) else value


def formatted(pieces: Iterator[bytes], chosen: FileFormat) -> Iterator[bytes]:
    """Lines of JSON as one array, if that is the format; the others as they are."""
    if chosen != "json":
        yield from pieces
        return
    before, rest = b"[\n", b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            yield before + line
            before = b",\n"
    yield (before + b"]\n") if before == b"[\n" else b"\n]\n"
