"""Column warnings: what someone should know of an inferred column before trusting its type, and what to give instead.

Pure: no I/O.
"""

from app.columns.date_formats import PIVOT, has_short_year
from app.imports.inference.column_inference import ColumnInference, NearMiss
from app.imports.inference.number_types import show_place
from app.imports.values.cells import ISO_DATE

# Fewer values than one in so many that make a column text are worth a warning.
FEW = 100


def warn_of(found: ColumnInference) -> str | None:
    """The most important warning about a column; None without any."""
    conclusion = found.conclude()
    if conclusion.type == "number" and conclusion.is_for_digits:
        return _doubt_digits(found)
    if conclusion.type != "text":
        return None
    if found.images.found[0]:
        return _doubt_images(found)
    misses = found.near_misses()
    best = [miss for miss in misses if miss.misfits == misses[0].misfits]
    few = _warn_of_few(found.name, best[0]) if best and best[0].misfits else None
    doubt = None
    if best and (few or not best[0].misfits):
        doubt = _doubt_dates(found.name, best) or _doubt_numbers(found, best)
    doubt = doubt or _doubt_units(found) or _doubt_words(found)
    return " ".join(part for part in (few, doubt) if part) or None


def _doubt_digits(found: ColumnInference) -> str:
    """Warn that values are rounded to doubles, the type of the other columns."""
    example, line = found.longest_number
    return (
        f"'{found.name}' has the type number, as most columns with fractions have: values with more digits than that "
        f"holds, as {show_place(example, line)}, are rounded to the nearest. To keep each digit give its type as "
        f"decimal (--type {found.name}=decimal)."
    )


def _doubt_images(found: ColumnInference) -> str:
    """Warn that a column could be one of images, but for some of its values."""
    images, among = found.images.found
    return (
        f"'{found.name}' is text: {images:,} of its {among:,} values are names of images, too few to be sure. Give its "
        f"type as image (--type {found.name}=image): the others are rejected then."
    )


def _doubt_dates(name: str, best: list[NearMiss]) -> str | None:
    """That a column could be dates, if more than one format or one that is not taken fits as well as any."""
    dates = [miss for miss in best if miss.type in ("date", "datetime")]
    if not dates or (len(dates) == 1 and dates[0].is_proven):
        return None
    formats = list(dict.fromkeys(miss.members.get("date_format", ISO_DATE) for miss in dates))
    warning = (
        f"'{name}' could be dates written {' or '.join(formats)}: it stays text. "
        f"Say which with date_format, as {name}={formats[0]}."
    )
    if has_short_year(formats[0]):
        warning += f" Years {PIVOT} to 99 are then of the last century, the others of this."
    return warning


def _doubt_numbers(found: ColumnInference, best: list[NearMiss]) -> str | None:
    """That a column could be numbers, if nothing proves how they are written."""
    readings = [miss for miss in best if not miss.is_proven and miss.type not in ("date", "datetime")]
    options = list(dict.fromkeys(option for miss in readings for option in _options_of(miss)))
    if not options:
        return None
    example, line = found.example
    return (
        f"'{found.name}' could be numbers, but nothing in it proves how they are written, as "
        f"{show_place(example, line)}: it stays text. Say it with {' or '.join(options)}."
    )


def _options_of(miss: NearMiss) -> list[str]:
    """The option that reads a column so, in the API and the command."""
    if miss.members.get("accounting"):
        return ["accounting=true for the column"]
    for name in ("thousands_separator", "decimal_separator"):
        if mark := miss.members.get(name):
            shown = mark if mark.strip() else f'"{mark}"'
            return [f'{name}={shown} (--{name.replace("_", "-")} "{mark}")']
    return []


def _doubt_words(found: ColumnInference) -> str | None:
    """That a column could be booleans, of which it has one word only."""
    pair = found.half_pair
    if pair is None:
        return None
    true, false = pair
    return (
        f"'{found.name}' has one word of '{true}' and '{false}', which proves no boolean: it stays text. Say it with "
        f'booleans={true},{false} (--boolean-true "{true}" --boolean-false "{false}"), as the file writes them.'
    )


def _doubt_units(found: ColumnInference) -> str | None:
    """Warn that a column could be numbers, if their units were left out."""
    units = [unit for unit in found.units if unit]
    if not units or not found.is_all_numbers or len(found.units) < 2:
        return None
    beside = " and ".join(units if "" not in found.units else [*units, "nothing"])
    flags = " ".join(f'--unit "{unit}"' for unit in units)
    return (
        f"'{found.name}' has numbers with {beside} beside them: it stays text. "
        f"Say what may be left out with units={','.join(units)} ({flags})."
    )


def _warn_of_few(name: str, miss: NearMiss) -> str | None:
    total = miss.fits + miss.misfits
    # A word stands for a missing value; a number or a date that fits nowhere is a mistake.
    word = miss.word if miss.word and not any(letter.isdigit() for letter in miss.word) else None
    if miss.misfits * FEW >= total and word is None:
        return None
    kind = f"decimal({miss.members['precision']},{miss.members['scale']})" if miss.type == "decimal" else miss.type
    first = "" if miss.misfits == 1 else "first "
    warning = (
        f"'{name}' is text for {miss.misfits:,} of its {total:,} values, {first}{show_place(miss.value, miss.line)}: "
        f"without {'it' if miss.misfits == 1 else 'them'} it would be {kind}."
    )
    if word is None:
        return warning
    return f'{warning} If "{word}" stands for no value, give it as nulls={word} (--null "{word}").'
