"""The SQL that reads texts as dates and times, as files write them: 31/12/1999, 9 Sep 69, 2024-05-13 5:30 pm. Pure."""

from app.columns.column import Column
from app.columns.date_formats import ISO_DATE, TOKENS, has_short_year
from app.datasets.alter.sql_texts import escaped, guarded

DATES = "BETWEEN DATE '0001-01-01' AND DATE '9999-12-31'"
DATETIMES = "BETWEEN TIMESTAMPTZ '0001-01-01 00:00:00Z' AND TIMESTAMPTZ '9999-12-31 23:59:59.999999Z'"

# Digits after the sixth of a fraction are zeros: nothing is cut.
_MINUTES = "[0-5][0-9](?::[0-5][0-9](?:[.,][0-9]{1,6}0{0,3})?)?"
_TIME = (
    rf"(?:(?:[01]?[0-9]|2[0-3]):{_MINUTES}|(?:0?[1-9]|1[0-2]):{_MINUTES} ?[ap]\.?m\.?)"
    r"(?: ?(?:z|utc|[+-][0-9]{2}(?::?[0-9]{2})?))?"
)
_MONTHS = (
    "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:tember)?|oct(?:ober)?|"
    "nov(?:ember)?|dec(?:ember)?"
)
_TOKEN_REGEX = {
    "YYYY": "([0-9]{4})",
    "YY": "([0-9]{2})",
    "MM": "([0-9]{1,2})",
    "DD": "([0-9]{1,2})",
    "MON": rf"({_MONTHS})\.?",
}
# Years of two digits: 69 to 99 are 19xx, 00 to 68 are 20xx, as POSIX has it.
_CENTURIES = (("^([0-5][0-9]|6[0-8])-", "20"), ("^(69|[7-9][0-9])-", "19"))


def read_date(after: Column, bare: str) -> tuple[str, str]:
    """Return whether a text is a date, or a date and time, and which; `bare` is the SQL of it without spaces.

    If the format does not begin with the year, a text as in JSON is one too: no text can be both.
    """
    date_format = after.date_format or ISO_DATE
    fits, result = _read_written(after, date_format, bare)
    if date_format.startswith("Y"):
        return fits, result
    iso_fits, iso_result = _read_written(after, ISO_DATE, bare)
    is_iso = f"{bare} ~ '^[0-9]{{4}}-'"
    return f"CASE WHEN {is_iso} THEN {iso_fits} ELSE {fits} END", (
        f"CASE WHEN {is_iso} THEN {iso_result} ELSE {result} END"
    )


def _read_written(after: Column, date_format: str, bare: str) -> tuple[str, str]:
    date, iso = _read_format(date_format)
    result = bare
    if date_format != ISO_DATE:
        # The text after the date stays as it is: to take it apart as well would be slow.
        result = _with_century(date_format, f"regexp_replace({bare}, '^{date}[T ]?', '{iso} ', 'i')")
    if after.type == "date":
        return guarded(f"{bare} ~* '^{date}$'", f"pg_input_is_valid({result}, 'date')"), f"{result}::date"
    result = _as_postgres_has_times(result)
    # Only in these years a zone moves a time out of what a date can be.
    in_range = f"({bare} !~ '0001|9999' OR {result}::timestamptz {DATETIMES})"
    fits = f"CASE WHEN pg_input_is_valid({result}, 'timestamptz') THEN {in_range} ELSE false END"
    return guarded(f"{bare} ~* '^{date}(?:[T ]{_TIME})?$'", fits), f"{result}::timestamptz"


def _as_postgres_has_times(text: str) -> str:
    """The SQL of a time with a point before its fraction, six digits after it, and its half of the day as `pm `."""
    text = rf"translate(regexp_replace({text}, '([ap])\.?m\.?', '\1m ', 'i'), ',', '.')"
    return rf"regexp_replace({text}, '(\.[0-9]{{6}})0+', '\1')"


def _with_century(date_format: str, text: str) -> str:
    """The SQL of a date, its year first, with all four digits of the year."""
    if not has_short_year(date_format):
        return text
    for years, century in _CENTURIES:
        text = rf"regexp_replace({text}, '{years}', '{century}\1-')"
    return text


def _read_format(date_format: str) -> tuple[str, str]:
    r"""A regular expression of dates of a format, and what puts their year first: as `\3-\2-\1` for DD/MM/YYYY."""
    tokens = TOKENS.findall(date_format)
    first, *others = (escaped(part) for part in TOKENS.split(date_format))
    pattern = first + "".join(_TOKEN_REGEX[token] + part for token, part in zip(tokens, others, strict=True))
    if date_format.startswith("YYYY-") or "" in others[:-1]:
        # Adjacent numbers, as in YYYYMMDD, do not show where one ends.
        pattern = pattern.replace("{1,2}", "{2}")
    year, month, day = (
        next(place for place, token in enumerate(tokens, 1) if token in names)
        for names in (("YYYY", "YY"), ("MM", "MON"), ("DD",))
    )
    return pattern, rf"\{year}-\{month}-\{day}"
