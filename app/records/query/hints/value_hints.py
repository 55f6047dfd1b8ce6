"""Hints and warnings for a filter's value: the possible meaning of an invalid one, and other meanings of a valid one.
Pure."""

import re
from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from app.columns.column import Column
from app.columns.types.dates import DAY
from app.records.query.hints.near_values import how_written, near_in_json, near_value
from app.records.query.hints.operator_idioms import Idiom, Source, advise, find_in_value, is_null_word, missing
from app.records.query.operands import QueryError, shown

_ZONE = re.compile(r"([Zz]|UTC|[+-][0-9]{2}(:?[0-9]{2})?)$")


def explain_value(mistake: QueryError, column: Column, operator: str, text: str, source: Source) -> QueryError:
    """The mistake of a text that is not a value of a column, with its possible meaning."""
    near = near_value(column, text) if find_in_value(column, text) is None else None
    hint = mistake.hint or hint_for_value(column, operator, text, source) or (None if near else how_written(column))
    if near is None:
        return QueryError(mistake.place, mistake.message, hint=hint)
    meant = f"'{near}'" if source == "query" else near_in_json(column, near)
    return QueryError(mistake.place, f"{mistake.message}. Did you mean {meant}?", hint=hint)


def hint_for_value(column: Column, operator: str, text: str, source: Source) -> str | None:
    """The hint how to write the condition that a value may state; None if it states no condition."""
    if is_null_word(text) or not text:
        return missing(column, source, is_missing=operator not in ("ne", "nin"))
    if source == "body":
        return None
    idiom = find_in_value(column, text)
    if idiom is not None:
        return advise(idiom, source)
    if operator in ("eq", "ne") and "," in text and "in" in column.kind.operators and _are_values(column, text):
        listed = Idiom(column, "in" if operator == "eq" else "nin", text).spell(source)
        return f"Several values: {listed}."
    return None


def _are_values(column: Column, text: str) -> bool:
    """Return whether each part of a comma list is a value of a column."""
    try:
        values = [column.parse_comparable(part.strip()) for part in text[:1000].split(",")]
    except ValueError:
        return False
    return column.one_of is None or all(str(value) in column.allowed_texts for value in values)


def warn_of_values(column: Column, operator: str, texts: Sequence[str], source: Source) -> Iterator[str]:
    """Warnings about values of a condition that may not mean what the caller intended."""
    if not texts:
        which = "no record matches" if operator == "in" else "every record matches"
        yield f"'{column.name}' is compared with an empty list: {which}."
    if column.type == "datetime":
        yield from _warn_of_times(column, operator, texts, source)
    elif column.kind.is_text:
        yield from _warn_of_texts(column, operator, texts, source)


def _warn_of_texts(column: Column, operator: str, texts: Sequence[str], source: Source) -> Iterator[str]:
    allowed = column.allowed_texts if column.one_of is not None else ()
    is_missing = operator not in ("ne", "nin")
    for text in texts:
        if is_null_word(text) and text not in allowed:
            yield f"'{text}' is a string like any other. {missing(column, source, is_missing=is_missing)}"
        elif source == "query" and not text and operator in ("eq", "ne", "in", "nin") and text not in allowed:
            yield f"'{column.name}' is compared with the empty text. {missing(column, source, is_missing=is_missing)}"
        elif source == "query" and (other := _other_meaning(column, operator, text)) is not None:
            yield f"'{shown(text)}' is looked for as it is written. If it is meant otherwise: {other}."
        elif source == "query" and operator in ("in", "nin") and text != text.strip():
            yield f"'{shown(text)}' begins or ends with a space, which a list in a URL keeps."


def _other_meaning(column: Column, operator: str, text: str) -> str | None:
    """The condition that a text may state, as an address has it."""
    if operator == "like" and not re.search(r"[%_]", text):
        pattern = text.replace("*", "%") if "*" in text else f"%{text}%"
        return Idiom(column, "like", pattern).spell("query")
    if operator not in ("eq", "ne"):
        return None
    if re.match(r"(not\.)?(eq|neq|gte?|lte?|like|ilike|in|is|cs)\.|[<>=!]", text):
        idiom = find_in_value(column, text)
        return idiom.spell("query") if idiom is not None else None
    is_pattern = re.fullmatch(r"[%*].+|.+[%*]", text) is not None
    return Idiom(column, "like", text.replace("*", "%")).spell("query") if is_pattern else None


def _warn_of_times(column: Column, operator: str, texts: Sequence[str], source: Source) -> Iterator[str]:
    for at, text in enumerate(texts):
        is_end = operator != "between" or at == 1
        if DAY.fullmatch(text):
            # These two say what a day means: from its midnight on, and before it.
            if operator not in ("gte", "lt") and is_end:
                yield f"{text} is its midnight in UTC, {text}T00:00:00Z. {_whole_day(column, text, source)}"
        elif not _ZONE.search(text.strip()):
            yield f"{text} has no zone and is read in UTC."


def _whole_day(column: Column, text: str, source: Source) -> str:
    """The hint for a whole day."""
    day = date.fromisoformat(text)
    if day >= date.max:
        return ""
    start, end = Idiom(column, "gte", text), Idiom(column, "lt", str(day + timedelta(days=1)))
    return f"The whole day: {start.spell(source)} and {end.spell(source)}."
