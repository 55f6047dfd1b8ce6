"""Flags of `tolva import` that say how a file is read."""

import typer


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
