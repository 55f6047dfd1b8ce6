"""Conditions in the syntax of other APIs, and how to write them here. Pure."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote

from app.columns.column import Column, legal_name
from app.records.query.functions import FUNCTIONS
from app.records.query.operators import SEPARATOR, parameter_name

Source = Literal["query", "body"]

# Other names of the operators, in small letters without signs.
_ALIASES: dict[str, str] = {
    **dict.fromkeys(("eq", "equals", "equal", "equalto", "exact", "is", "eqeq", "same"), "eq"),
    **dict.fromkeys(("ne", "neq", "not", "noteq", "notequal", "notequals", "isnot", "exclude", "nexact"), "ne"),
    **dict.fromkeys(("gt", "greater", "greaterthan", "morethan", "after", "above", "over"), "gt"),
    **dict.fromkeys(("gte", "ge", "goe", "gteq", "min", "atleast", "from", "since", "greaterthanorequal"), "gte"),
    **dict.fromkeys(("lt", "less", "lessthan", "before", "below", "under"), "lt"),
    **dict.fromkeys(("lte", "le", "loe", "lteq", "max", "atmost", "to", "until", "lessthanorequal"), "lte"),
    **dict.fromkeys(("in", "any", "anyof", "oneof", "isin", "inlist"), "in"),
    **dict.fromkeys(("nin", "notin", "noneof", "outof"), "nin"),
    **dict.fromkeys(("between", "range", "bw", "btw", "within"), "between"),
    **dict.fromkeys(("contains", "cont", "cs", "has", "includes", "include", "substring", "haskey"), "contains"),
    **dict.fromkeys(("startswith", "starts", "sw", "start", "beginswith", "prefix"), "startswith"),
    **dict.fromkeys(("like", "matches"), "like"),
    **dict.fromkeys(("ilike", "likei"), "ilike"),
}
# What a pattern says: the operator, and the pattern around a text.
_PATTERNS: dict[str, tuple[str, str]] = {
    **dict.fromkeys(("icontains", "containsi", "icont", "contain"), ("ilike", "%{}%")),
    **dict.fromkeys(("iexact", "ieq", "eqi", "iequals"), ("ilike", "{}")),
    **dict.fromkeys(("istartswith", "startswithi"), ("ilike", "{}%")),
    **dict.fromkeys(("iendswith", "endswithi"), ("ilike", "%{}")),
    **dict.fromkeys(("endswith", "ends", "ew", "end", "suffix"), ("like", "%{}")),
}
_MISSING = {
    **dict.fromkeys(("null", "isnull", "empty", "isempty", "missing", "nil", "blank", "isnil"), True),
    **dict.fromkeys(("notnull", "isnotnull", "nnull", "exists", "notempty", "isnotempty", "present", "nempty"), False),
}
# What is said by `_not` around another operator.
_NEGATED = {
    **dict.fromkeys(("notcontains", "ncontains", "doesnotcontain", "notcont"), "contains"),
    **dict.fromkeys(("notlike", "nlike"), "like"),
    **dict.fromkeys(("notilike", "nilike"), "ilike"),
    **dict.fromkeys(("notstartswith", "nstartswith"), "startswith"),
    **dict.fromkeys(("notbetween", "nbetween"), "between"),
}
_PERIODS = ("year", "month", "day", "date", "week", "weekday", "quarter", "hour", "time", "isoyear", "weekyear")
_SYMBOLS = {
    "=": "eq", "==": "eq", "!=": "ne", "<>": "ne", "!": "ne", ">": "gt", ">=": "gte", "=>": "gte", "<": "lt",
    "<=": "lte", "=<": "lte", "~": "like", "~~": "like", "~*": "ilike",
}  # fmt: skip
# What stands around a condition in an address.
_AROUND = (
    "filter",
    "filters",
    "where",
    "q",
    "query",
    "f",
    "and",
    "or",
    "attributes",
    "data",
    "condition",
    "conditions",
)
_NULLS = ("null", "none", "undefined", "nil", "nan")
_MOST_SHOWN = 80
_LONGEST = 250
# Of an operator, as `price_not_in` has it; a column is looked for among all of a dataset's for each.
_MOST_WORDS = 3


@dataclass(frozen=True)
class Idiom:
    """A condition as it is written here: an operator of a column and its value, a text or what JSON has."""

    column: Column
    operator: str
    value: Any

    def spell(self, source: Source) -> str:
        """The condition as an address or a body has it."""
        if source == "body":
            value = self.value[:_MOST_SHOWN] if isinstance(self.value, str | list) else self.value
            text = json.dumps({self.column.name: {self.operator: value}}, ensure_ascii=False, default=_number)
            return (
                text
                if len(text) <= _LONGEST
                else json.dumps({self.column.name: {self.operator: "…"}}, ensure_ascii=False)
            )
        text = self.value if isinstance(self.value, str) else json.dumps(self.value, default=_number)
        return f"{parameter_name(self.column, self.operator)}={quote(text[:_MOST_SHOWN], safe=',:@/$.')}"


def _number(value: Any) -> Any:
    """A number with a fraction as JSON is shown to have it."""
    return float(value)


def advise(idiom: Idiom, source: Source, note: str = "") -> str:
    """The hint that says how a condition is written."""
    return f"Write it as {idiom.spell(source)}{note}."


def find_column(columns: Sequence[Column], name: str) -> Column | None:
    """The column that a name means: as it is called, in other letters, or as its file's header calls it."""
    name = name[:200]
    by_name = {column.name: column for column in columns}
    if name in by_name:
        return by_name[name]
    wanted = name.strip().casefold()
    if re.search(r"[<>=!~\[\]$]", name):
        return None
    labelled = {(column.label or "").strip().casefold(): column for column in columns if column.label}
    return labelled.get(wanted) or by_name.get(wanted) or by_name.get(legal_name(name))


def is_null_word(text: str) -> bool:
    """Return whether a text is what programs write for a missing value."""
    return text.strip().lower() in _NULLS


def missing(column: Column, source: Source, *, is_missing: bool = True) -> str:
    """The hint that says how records without a value are asked for."""
    value: Any = is_missing if source == "body" else str(is_missing).lower()
    which = "Missing values" if is_missing else "Values that are there"
    never = f"; '{column.name}' is never missing" if column.required else ""
    return f"{which}: {Idiom(column, 'isnull', value).spell(source)}{never}."


def explain_operator(column: Column, operator: str, value: Any, source: Source) -> str | None:
    """The hint for an operator that only other APIs have."""
    name = _plain(operator)
    if SEPARATOR in operator and operator.partition(SEPARATOR)[0] in FUNCTIONS:
        return "Results of functions cannot be filtered; /aggregate sorts by them: _sort=-count."
    if name in _PERIODS and column.kind.is_date:
        return f"{_period(column, name, value)} In /aggregate, _group={column.name}__month counts by month."
    if name in _NEGATED and _NEGATED[name] in column.kind.operators:
        is_list = _NEGATED[name] == "between" and isinstance(value, str)
        inner = Idiom(column, _NEGATED[name], value.split(",") if is_list else value).spell("body")
        return f'POST …/records/query takes it as {{"where": {{"_not": {inner}}}}}.'
    idiom = translate_operator(column, operator, value, source)
    return _ABSENT.get(name) if idiom is None else _advise_translated(idiom, name, source)


_ABSENT = {
    **dict.fromkeys(
        ("regex", "iregex", "regexp", "match", "imatch", "rlike", "similar", "nregex"),
        "There are no regular expressions; like and ilike take % for any text and _ for any character.",
    ),
    **dict.fromkeys(
        ("search", "fts", "plfts", "phfts", "wfts", "fulltext", "text", "textsearch"),
        "Words are looked for in all columns of texts: _q=words.",
    ),
}


def _advise_translated(idiom: Idiom, name: str, source: Source) -> str:
    note = "; contains minds the case of letters" if idiom.operator == "ilike" and "cont" in name else ""
    percent = "; %25 is a % in a URL" if source == "query" and "%25" in idiom.spell(source) else ""
    return advise(idiom, source, f"{percent}{note}")


def translate_operator(column: Column, operator: str, value: Any, source: Source) -> Idiom | None:
    """A condition with another API's operator as it is written here; None if there is no such operator."""
    name, offered = _plain(operator), column.kind.operators
    if name in _MISSING and "isnull" in offered:
        # `exists=false` and `notnull=false` ask for the contrary.
        is_asked = str(value).lower() not in ("false", "0", "no")
        is_missing = _MISSING[name] == is_asked
        return Idiom(column, "isnull", is_missing if source == "body" else str(is_missing).lower())
    if name in _PATTERNS and _PATTERNS[name][0] in offered:
        known, pattern = _PATTERNS[name]
        return Idiom(column, known, pattern.format(value or "x"))
    known = _SYMBOLS.get(operator.strip()) or _ALIASES.get(name, "")
    if known not in offered:
        return None
    if value is None and known in ("eq", "ne"):
        return Idiom(column, "isnull", known == "eq")
    if known == "between" and isinstance(value, str):
        value = re.sub(r"\s*(\.\.|;| to )\s*", ",", value)
    return Idiom(column, known, value)


def _plain(operator: str) -> str:
    return re.sub(r"[^a-z]", "", operator[:100].lower())


def _period(column: Column, name: str, value: Any) -> str:
    """The range of a year, or how any is given."""
    text = str(value)
    year = int(text) if name in ("year", "isoyear") and re.fullmatch(r"[1-9][0-9]{3}", text) else 2024
    start, end = Idiom(column, "gte", f"{year}-01-01"), Idiom(column, "lt", f"{year + 1}-01-01")
    return f"A period is a range: {start.spell('query')}&{end.spell('query')}."


def find_condition(columns: Sequence[Column], name: str, value: str) -> Idiom | None:
    """The condition that a parameter with another API's name states: `price[gt]`, `price.gt`, `price_gte`, `price>`."""
    name = name[:200]
    if compared := re.fullmatch(r"(.+?)\s*(>=|<=|<>|!=|==|~\*|>|<|!|~)\s*(.*)", name, re.DOTALL):
        head, sign, text = compared.groups()
        # A text after `=` was cut from a sign that ends with one.
        sign, text = (sign, text) if text or not value else (f"{sign}=" if sign in "<>!" else sign, value)
        column = find_column(columns, head)
        return translate_operator(column, sign, text, "query") if column is not None else None
    parts = [part for part in re.split(r"[\[\]().:]+", name) if part.strip("_$ ")]
    while parts and _plain(parts[0]) in _AROUND and (len(parts) > 1 or find_column(columns, parts[0]) is None):
        parts = parts[1:]
    if not parts or len(parts) > 2 or (len(parts) == 1 and parts[0] == name and "_" not in name):
        return None
    return next(_readings(columns, parts, value), None)


def _readings(columns: Sequence[Column], parts: Sequence[str], value: str) -> Iterator[Idiom]:
    """The conditions that a column and an operator, side by side or in one word, may state."""
    if len(parts) == 2:
        pairs = [(parts[0], parts[1]), (parts[1], parts[0])]
    else:
        (word,) = parts
        if (column := find_column(columns, word)) is not None:
            yield Idiom(column, "eq", value)
        cuts = [at for at, letter in enumerate(word) if letter == "_"]
        pairs = [(word[:at], word[at + 1 :]) for at in cuts[-_MOST_WORDS:]]
        pairs += [(word[at + 1 :], word[:at]) for at in cuts[:_MOST_WORDS]]
    for name, operator in pairs:
        column = find_column(columns, name) if name else None
        idiom = translate_operator(column, operator, value, "query") if column is not None else None
        if idiom is not None:
            yield idiom


def find_in_value(column: Column, text: str) -> Idiom | None:
    """The condition that a value with another API's operator in it states: `gt.3`, `>3`, `gt:3`, `[gt]3`, `1..5`."""
    text = text[:200].strip()
    if signed := re.fullmatch(r"(>=|<=|=>|=<|<>|!=|==|>|<|!)\s*(.+)", text):
        return translate_operator(column, signed[1], signed[2], "query")
    if ranged := re.fullmatch(r"([^.\s]+)\s*\.\.\s*([^.\s]+)", text):
        return translate_operator(column, "between", f"{ranged[1]},{ranged[2]}", "query")
    named = re.fullmatch(r'(not[.:])?(?:\{?"?|\[)[$_]?([a-z]+)(?:\]|[.:]|"?\s*:)\s*"?(.*?)"?\}?', text, re.IGNORECASE)
    if named is None:
        return None
    negated, operator, value = named.groups()
    if operator.lower() == "is":
        if not is_null_word(value):
            return Idiom(column, "eq", value)
        return translate_operator(column, "notnull" if negated else "null", "", "query")
    if negated and operator.lower() in ("eq", "in"):
        operator = "ne" if operator.lower() == "eq" else "nin"
    value = value.removeprefix("(").removesuffix(")") if _ALIASES.get(operator.lower()) in ("in", "nin") else value
    value = value.replace("*", "%") if operator.lower() in ("like", "ilike") else value
    return translate_operator(column, operator, value, "query")
