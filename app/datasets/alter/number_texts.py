"""The SQL that reads texts as numbers, as files write them: 1.234,50 €, (987.65), 12’345.00, 12,34,567. Pure."""

from app.columns.column import Column
from app.columns.types.numbers import DecimalType, NumberType, WholeType
from app.datasets.alter.sql_texts import BLANKS, SPACES, escaped, guarded

# Longer than any number that a double or a decimal holds exactly.
MAX_NUMBER_LENGTH = 2200
MINUS = "\N{MINUS SIGN}"
# The characters that each thousands separator stands for.
GROUP_MARKS = {" ": BLANKS, "'": "'\u2019"}

_WHOLE = "(?:0|[1-9][0-9]*)"
_EXPONENT = "(?:[eE][+-]?[0-9]{1,4})?"
_NOT_FINITE = "NaN|-?Infinity"


def read_number(after: Column, bare: str) -> tuple[str, str]:
    """Return whether a text is a number that a column holds as it is, and which; `bare` is the SQL of it without
    spaces."""
    signed = _signed(after, bare)
    plain = _plain(after, signed)
    written = f"length({bare}) <= {MAX_NUMBER_LENGTH} AND {signed} ~ '{_pattern(after)}'"
    fits = number_fits(f"{plain}::numeric", after)
    kind = after.kind
    if isinstance(kind, NumberType):
        # One that is too small for a double is not zero.
        written += f" AND pg_input_is_valid({plain}, 'double precision')"
        return guarded(written, fits), f"{plain}::double precision"
    if isinstance(kind, DecimalType):
        before = kind.precision - kind.scale
        fits = f"scale({plain}::numeric) <= {kind.scale} AND abs({plain}::numeric) < {'1'.ljust(before + 1, '0')}"
    return guarded(written, fits), f"{plain}::numeric::{after.sql_type}"


def number_example(after: Column) -> str:
    """A number in a column's convention, for people: 1.234,50 €."""
    fraction = f"{after.decimal_separator or '.'}50" if not isinstance(after.kind, WholeType) else ""
    text = f"1{after.thousands_separator or ''}234{fraction}"
    return f"{text} {after.units[0]}" if after.units else text


def number_fits(exact: str, after: Column) -> str:
    """Return whether a column holds a numeric as it is. NaN is greater than every bound."""
    kind = after.kind
    if isinstance(kind, NumberType):
        fits = f"({exact})::double precision::text::numeric = {exact}"
        return f"CASE WHEN pg_input_is_valid(({exact})::text, 'double precision') THEN {fits} ELSE false END"
    if isinstance(kind, DecimalType):
        whole = kind.precision - kind.scale
        return f"round({exact}, {kind.scale}) = {exact} AND abs({exact}) < {'1'.ljust(whole + 1, '0')}"
    assert isinstance(kind, WholeType)
    return f"trunc({exact}) = {exact} AND {exact} BETWEEN {kind.least} AND {kind.most}"


def _signed(after: Column, bare: str) -> str:
    """The SQL of a number without its unit, and with its sign in front, as a minus of ASCII."""
    signed = f"translate({bare}, '{MINUS}', '-')"
    if after.units:
        # The longest first: kg is not k before a g.
        unit = "|".join(escaped(unit) for unit in sorted(after.units, key=len, reverse=True))
        before, behind = rf"^(\(?-?)[{SPACES}]?(?:{unit})[{SPACES}]?", rf"[{SPACES}]?(?:{unit})(\)?-?)$"
        # The first that is found: a number has one unit.
        signed = rf"regexp_replace({signed}, '{before}|{behind}', '\1\2')"
    if after.accounting:
        behind = rf"^([^()-]*[^(){BLANKS}-])[{BLANKS}]?-$"
        signed = rf"regexp_replace({signed}, '^\(([^()-]+)\)$|{behind}', '-\1\2')"
    return f"btrim({signed}, '{SPACES}')" if after.units or after.accounting else signed


def _pattern(after: Column) -> str:
    """The regular expression of numbers in the column's convention."""
    mark = escaped(after.decimal_separator or ".")
    whole = _WHOLE
    if after.thousands_separator:
        group = f"[{_group_marks(after)}]".replace("'", "''")
        whole = f"{whole}|[1-9][0-9]{{0,2}}(?:{group}[0-9]{{3}})+"
        if after.thousands_separator == ",":
            # As in India: 12,34,567.
            whole += f"|[1-9][0-9]?(?:{group}[0-9]{{2}})+{group}[0-9]{{3}}"
        whole = f"(?:{whole})"
    number = f"-?{whole}(?:{mark}[0-9]+)?"
    if not isinstance(after.kind, WholeType):
        number = f"-?(?:{whole}(?:{mark}[0-9]+)?|{mark}[0-9]+)"
    return f"^(?:{number}{_EXPONENT}|{_NOT_FINITE})$" if isinstance(after.kind, NumberType) else f"^{number}$"


def _plain(after: Column, signed: str) -> str:
    """The SQL of a number as JSON has it, but for a zero before the point."""
    if after.thousands_separator:
        marks = _group_marks(after).replace("'", "''")
        signed = f"translate({signed}, '{marks}', '')"
    return f"replace({signed}, ',', '.')" if after.decimal_separator == "," else signed


def _group_marks(after: Column) -> str:
    separator = after.thousands_separator or ""
    return GROUP_MARKS.get(separator, separator)
