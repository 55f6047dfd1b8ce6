"""Policy: whether an import may load the rows that it accepted, for all those that it did not."""

from app.imports import errors
from app.imports.models import Import
from app.imports.report import Report

# What lets rows load that are not accepted for a reason.
WAYS_OUT = {
    "too_few_fields": "Give `pad_short_rows` if the fields that are missing are to be null.",
    "text_after_quote": "Give `escape`, `lenient_quotes` or `quote` if quotes are used otherwise.",
    "unterminated_quote": "Give `quote` as empty if quotes are text, or `escape` if they are escaped.",
    "quote_inside_field": "Give `quote` as empty if quotes are text, or `lenient_quotes`.",
}


def _way_out(report: Report, encoding_hint: str) -> str:
    """The end of a hint: the option that would accept the rows with the most frequent fault."""
    code = report.totals[0]["code"] if report.totals else ""
    way = encoding_hint if code == "invalid_encoding" else WAYS_OUT.get(code)
    return f" {way}" if way else ""


def check_policy(row: Import, report: Report, *, read: int, encoding_hint: str = "") -> None:
    """Check that an import which has read so many rows may load those that it accepted.

    `encoding_hint` says what to do about rows that are not of the encoding, if they are most of those rejected.

    Raises:
        RowsRejected, TooManyRejections: there are rejections that are not to be skipped.
        FileWithoutRecords: there is nothing to put in the place of a dataset's records.
    """
    rejected = report.rows
    first = report.rejections[0] if rejected else {}
    where = f"The first is in line {first.get('line'):,}: {first.get('message')}." if rejected else ""
    way = _way_out(report, encoding_hint)
    if rejected and row.on_reject == "abort":
        raise errors.RowsRejected(
            f"{rejected:,} of {read:,} rows were not accepted; nothing was loaded. {where}",
            hint=f"Fix the rejected rows that the report lists, or load the others with on_reject=skip.{way}",
        )
    if rejected and rejected == read:
        raise errors.RowsRejected(f"None of the {read:,} rows was accepted. {where}", hint=f"See the rejections.{way}")
    if row.max_rejections is not None and rejected > row.max_rejections:
        raise errors.TooManyRejections(
            f"{rejected:,} rows were not accepted, more than the {row.max_rejections:,} allowed. {where}",
            hint=f"Fix them, or raise max_rejections.{way}",
        )
    if read == 0 and row.mode == "replace" and not row.allow_empty:
        raise errors.FileWithoutRecords(
            "The file has a header and no records; the dataset was left as it is.",
            hint="Say allow_empty=true to empty the dataset.",
        )
