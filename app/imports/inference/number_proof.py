"""Number proof: the style that a column's numbers prove, and those that are possible.

Three digits after a comma or a point prove nothing: 1.234 may be more than a thousand or little more than one. Only a
value that can be read in one way is proof, such as 1.234.567, 1.234,50, 12,5 or 0.125; if a column has no such value,
its style must be given.

Pure: no I/O.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

from app.imports.inference.numerals import Sighting
from app.imports.values.number_style import NumberStyle
from app.imports.values.numeral import GROUP_MARKS, POINTS, Numeral, parts_of

BETWEEN_GROUPS_ONLY = (" ", "'", "_")
GROUP = 3
# A mark is proven by one in so many of the numbers that leave it open.
FEW = 100


@dataclass(frozen=True)
class KnownStyle:
    """The known parts of a column's number style, from options or earlier files.

    `units` are all units of a number; None to find them.
    """

    point: str | None = None
    thousands: str | None = None
    units: tuple[str, ...] | None = None
    accounting: bool = False
    # In a file whose fields end with commas a point is one of decimals, if nothing says otherwise.
    trusts_points: bool = False
    # In such a file 1,5 may be a list.
    doubts_commas: bool = False

    def beside(self, *, commas: bool) -> "KnownStyle":
        """The same if another column of the file has decimal commas, or points between groups."""
        return replace(self, trusts_points=False) if commas else self


@dataclass(frozen=True)
class Reading:
    """A style with the numerals that it reads, and whether it is proven by them; `open` names what is not."""

    style: NumberStyle
    fitting: tuple[Numeral, ...]
    is_proven: bool
    # Nothing but the file's delimiter says that a point is one of decimals.
    is_trusted: bool = False


def find_readings(seen: Mapping[Numeral, Sighting], known: KnownStyle) -> list[Reading]:
    """The styles that read some of the numerals that were seen, each in a way of its own."""
    counts = {numeral: sighting.count for numeral, sighting in seen.items()}
    numerals = tuple(counts)
    found: dict[tuple[object, ...], Reading] = {}
    for unit in _units(numerals, known):
        beside = {numeral: count for numeral, count in counts.items() if numeral.unit in unit}
        for point in (known.point,) if known.point else POINTS:
            for thousands in (known.thousands,) if known.thousands else ("", *GROUP_MARKS):
                if point != thousands and (reading := _read(beside, unit, point, thousands, known)) is not None:
                    ways = tuple(parts_of(numeral, point, thousands) for numeral in reading.fitting)
                    found.setdefault((unit, reading.fitting, ways), reading)
    return list(found.values())


def _units(numerals: tuple[Numeral, ...], known: KnownStyle) -> list[tuple[str, ...]]:
    """The units of the numbers, for each way to try; an empty text means no unit."""
    if known.units is not None:
        return [("", *known.units)]
    return [(unit,) for unit in sorted({numeral.unit for numeral in numerals})]


def _read(
    counts: Mapping[Numeral, int], units: tuple[str, ...], point: str, thousands: str, known: KnownStyle
) -> Reading | None:
    fitting = tuple(numeral for numeral in counts if parts_of(numeral, point, thousands) is not None)
    if not fitting or (known.thousands is None and thousands and not _uses(fitting, thousands, point)):
        return None
    has_negatives = any(numeral.negative for numeral in fitting)
    proof = _Proof({numeral: counts[numeral] for numeral in fitting}, known)
    style = NumberStyle(
        point, thousands, tuple(unit for unit in units if unit), accounting=known.accounting or has_negatives
    )
    points = any(numeral.separators.endswith(point) for numeral in fitting)
    lacks_point = points and known.point is None and point not in proof.points
    is_trusted = lacks_point and known.trusts_points and point == "." and not thousands
    is_proven = (
        (not lacks_point or is_trusted)
        and (not thousands or known.thousands is not None or thousands in proof.thousands)
        and (not has_negatives or known.accounting or proof.accounting)
    )
    return Reading(style, fitting, is_proven, is_trusted and is_proven)


def _uses(numerals: tuple[Numeral, ...], thousands: str, point: str) -> bool:
    return any(thousands in numeral.separators.removesuffix(point) for numeral in numerals)


class _Proof:
    """The only mark that explains some numerals, each by itself.

    A few among many that could mean either prove nothing: they may be the odd ones.
    """

    def __init__(self, counts: Mapping[Numeral, int], known: KnownStyle) -> None:
        numerals = tuple(counts)
        self._points: Counter[str] = Counter()
        self._thousands: Counter[str] = Counter()
        self._doubtful: Counter[str] = Counter()
        # Codes are written in groups as well, but all as long: 612 345 678.
        vary = any(numeral.separators and numeral.runs[0] < GROUP for numeral in numerals)
        for numeral, count in counts.items():
            self._look(numeral, count, known, vary=vary)
        self.points = self._proven(self._points)
        self.thousands = self._proven(self._thousands)
        self.thousands |= {mark for mark in BETWEEN_GROUPS_ONLY if _groups_alone(numerals, mark)}
        written = [numeral for numeral in numerals if numeral.negative]
        self.accounting = len(written) < len(numerals) and any(
            numeral.separators or numeral.unit for numeral in written
        )

    def _proven(self, found: Counter[str]) -> set[str]:
        return {mark for mark, count in found.items() if count and count * FEW >= self._doubtful[mark]}

    def _look(self, numeral: Numeral, count: int, known: KnownStyle, *, vary: bool) -> None:
        marks = numeral.separators
        if len(set(marks)) == 2:
            self._points[marks[-1]] += count
            self._thousands[marks[0]] += count
        elif len(marks) > 1:
            self._thousands[marks[0]] += count if vary or numeral.unit else 0
        elif marks and marks in POINTS:
            if parts_of(numeral, _OTHER[marks], marks) is not None:
                self._doubtful[marks] += count
            elif marks == "." or numeral.unit or not known.doubts_commas:
                self._points[marks] += count


def _groups_alone(numerals: tuple[Numeral, ...], mark: str) -> bool:
    """Return whether numbers of different length all have a mark that separates groups and never a fraction."""
    grouped = {numeral.runs[0] for numeral in numerals if numeral.separators.startswith(mark)}
    ungrouped = (numeral.runs[0] for numeral in numerals if numeral.runs and not numeral.separators.startswith(mark))
    return len(grouped) > 1 and all(digits <= GROUP for digits in ungrouped)


_OTHER: Mapping[str, str] = {".": ",", ",": "."}
