"""The formats of a list of records, and which of them a request accepts. Pure."""

from app.core.errors import did_you_mean
from app.records.errors import FormatNotAvailable
from app.records.query.operands import shown
from app.records.query.record_query import Form

MEDIA_TYPES: dict[str, Form] = {"application/json": "page", "text/csv": "csv", "application/x-ndjson": "ndjson"}


def accepted_form(accept: str | None) -> Form:
    """The format that an Accept header prefers; JSON if it has no preference.

    Raises:
        FormatNotAvailable: it names others only.
    """
    if accept is None or accept == "*/*":
        return "page"
    best, best_quality = None, 0.0
    for media_type, quality in (_read_range(part) for part in accept.split(",") if part.strip()):
        form = _form(media_type)
        if form is not None and quality > best_quality:
            best, best_quality = form, quality
    if best is None:
        asked = shown(accept)
        raise FormatNotAvailable(
            f"'{asked}' is not supported.{did_you_mean(accept, MEDIA_TYPES)}",
            hint=f"Accept one of: {', '.join(MEDIA_TYPES)}.",
        )
    return best


def _form(media_range: str) -> Form | None:
    if media_range in ("*/*", "application/*"):
        return "page"
    return "csv" if media_range == "text/*" else MEDIA_TYPES.get(media_range)


def _read_range(text: str) -> tuple[str, float]:
    """A media range of an Accept header, and how much it is preferred."""
    media_type, *parameters = (part.strip().lower() for part in text.split(";"))
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return media_type, float(value)
            except ValueError:
                return media_type, 0.0
    return media_type, 1.0
