"""Flags of `tolva import`: how the rows are loaded, what the columns are, and how the file is read. Pure."""

import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import typer

from app.cli.arguments.column_flags import parse_columns, split_names

Mode = Annotated[
    Literal["append", "upsert", "replace"],
    typer.Option(help="Add rows, add or change them by key, or replace them all."),
]
OnReject = Annotated[
    Literal["abort", "skip"], typer.Option(help="Load nothing if a row is bad, or leave the bad rows out.")
]
Store = Annotated[
    Literal["relational", "keyvalue"],
    typer.Option(help="Store for a new dataset: relational (queries) or keyvalue (lookups by key)."),
]
Compression = Literal["none", "gzip", "zstd"]
MissingImages = Literal["reject", "null"]

COLUMNS = "Columns (by their headers; those with a header can be repeated)"
WRITING = "File format (detected if you do not give it)"
# A key of the API begins so, and is longer than most names of columns.
API_KEY = re.compile(r"tolva_[^,\s]{18,}")


def _flag(panel: str, text: str | None = None, *names: str) -> Any:
    return typer.Option(*names, help=text, show_default=False, rich_help_panel=panel)


@dataclass(frozen=True)
class LoadFlags:
    """How the rows are added to those that the dataset has."""

    mode: Mode = "append"
    on_reject: OnReject = "abort"
    max_rejections: Annotated[
        int | None, typer.Option(min=0, help="With skip: fail if more rows than this are bad.", show_default=False)
    ] = None
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Do everything except the commit.")] = False
    allow_empty: Annotated[bool, typer.Option("--allow-empty", help="Allow replace to leave the dataset empty.")] = (
        False
    )
    infer_again: Annotated[
        bool, typer.Option("--infer-again", help="With replace: infer the columns again from this file.")
    ] = False

    def settings(self) -> dict[str, Any]:
        """The members of the import's body."""
        settings: dict[str, Any] = {
            "mode": self.mode,
            "on_reject": self.on_reject,
            "max_rejections": self.max_rejections,
            "dry_run": self.dry_run,
            "allow_empty": self.allow_empty,
        }
        return settings | {"infer_again": True} if self.infer_again else settings


@dataclass(frozen=True, kw_only=True)
class ColumnFlags:
    """The columns that a file is given, by their headers."""

    column_type: Annotated[
        list[str], _flag(COLUMNS, "A column's type: total=decimal or total=decimal(12,2).", "--type")
    ]
    name: Annotated[list[str], _flag(COLUMNS, 'A column\'s name: "Unit price=price".', "--name")]
    omit: Annotated[list[str], _flag(COLUMNS, "A column that is left out.", "--omit")]
    key: Annotated[str | None, _flag(COLUMNS, "The key columns: sku, or a,b; '' for none.", "--key")] = None

    @property
    def names_api_key(self) -> bool:
        """Return whether `--key` is the key of the API, which no column has as its name."""
        return self.key is not None and API_KEY.fullmatch(self.key) is not None

    def settings(self) -> dict[str, Any]:
        """The members of the import's body."""
        settings: dict[str, Any] = {}
        if columns := parse_columns(self.column_type, self.name, self.omit):
            settings["columns"] = columns
        if self.key is not None:
            settings["key"] = split_names(self.key)
        return settings


@dataclass(frozen=True, kw_only=True)
class FormatFlags:
    """How the file is read."""

    delimiter: Annotated[str | None, _flag(WRITING, "For example , or ; or \\t.")] = None
    quote: Annotated[str | None, _flag(WRITING, "The quote character; '' for none.")] = None
    escape: Annotated[str | None, _flag(WRITING, "The escape character; '' for none.")] = None
    encoding: Annotated[str | None, _flag(WRITING, "For example utf-8 or cp1252.")] = None
    compression: Annotated[Compression | None, _flag(WRITING)] = None
    header: Annotated[str | None, _flag(WRITING, "true, false, or its line from 1.")] = None
    null: Annotated[list[str], _flag(WRITING, "A string that stands for null; can be repeated.")]
    quoted_nulls: Annotated[bool, _flag(WRITING, "Let --null be quoted too.", "--quoted-nulls")] = False
    boolean_true: Annotated[str | None, _flag(WRITING, "The text for true.")] = None
    boolean_false: Annotated[str | None, _flag(WRITING, "The text for false.")] = None
    date_format: Annotated[
        list[str], _flag(WRITING, "header=format or column=format: day=DD/MM/YYYY; can be repeated.")
    ]
    decimal_separator: Annotated[str | None, _flag(WRITING, ". or ,")] = None
    thousands_separator: Annotated[str | None, _flag(WRITING, "For example , or . or a space.")] = None
    unit: Annotated[list[str], _flag(WRITING, "Sign to strip from numbers, such as $ or %; can be repeated.")]
    timezone: Annotated[str | None, _flag(WRITING, "Time zone for times without one (default UTC).")] = None
    lenient_quotes: Annotated[bool, _flag(WRITING, "Keep stray quotes.", "--lenient-quotes")] = False
    pad_short_rows: Annotated[bool, _flag(WRITING, "Fill short rows with nulls.", "--pad-short-rows")] = False
    missing_images: Annotated[MissingImages | None, _flag(WRITING, "What becomes of cells that name no image.")] = None

    def options(self) -> dict[str, Any]:
        """The member `options` of the import's body."""
        given = {
            "delimiter": self.delimiter.replace("\\t", "\t") if self.delimiter else None,
            "quote": self.quote,
            "escape": self.escape,
            "encoding": self.encoding,
            "compression": self.compression,
            "header": parse_header(self.header),
            "nulls": self.null or None,
            "quoted_nulls": self.quoted_nulls or None,
            "booleans": parse_booleans(self.boolean_true, self.boolean_false),
            "date_format": parse_date_formats(self.date_format),
            "decimal_separator": self.decimal_separator,
            "thousands_separator": self.thousands_separator,
            "units": self.unit or None,
            "timezone": self.timezone,
            "lenient_quotes": self.lenient_quotes or None,
            "pad_short_rows": self.pad_short_rows or None,
            "missing_images": self.missing_images,
        }
        return {option: value for option, value in given.items() if value is not None}


def parse_header(text: str | None) -> bool | int | None:
    """The option `header`: true, false or the number of a line."""
    if text is None:
        return None
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    if text.isdecimal() and int(text) > 0:
        return int(text)
    raise typer.BadParameter(f"'{text}' is not true, false or the number of a line from 1", param_hint="--header")


def parse_booleans(true: str | None, false: str | None) -> list[str] | None:
    """The option `booleans`: what stands for true and for false."""
    if true is None and false is None:
        return None
    if true is None or false is None:
        raise typer.BadParameter("give both --boolean-true and --boolean-false", param_hint="--boolean-true")
    return [true, false]


def parse_date_formats(pairs: list[str]) -> dict[str, str] | None:
    """The option `date_format` from `column=format` pairs."""
    formats = {}
    for pair in pairs:
        column, separator, form = pair.partition("=")
        if not (column and separator and form):
            raise typer.BadParameter(
                f"'{pair}' is not column=format, such as day=DD/MM/YYYY", param_hint="--date-format"
            )
        formats[column] = form
    return formats or None
