"""Header: the beginning of a table in the first rows of a file, and the rows that name its columns.

A header is chosen by the rows below it. Titles, notes, comments and lines of keys and values above a table are its
preamble. Pure: no I/O.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.imports.formats.csv.kinds import TYPED, is_comment, is_word, kind
from app.imports.formats.csv.sample import Row
from app.imports.formats.csv.votes import Body

# More lines than this above the header are data of another width, not a preamble.
MAX_PREAMBLE = 50
MAX_HEADERS = 5
# This many rows of one width are a table, even if another one follows.
MIN_TABLE = 3
# As many of the rows from its first one on are a table's, if lines of one cell are more than they.
FEW_OTHERS = 0.8


@dataclass(frozen=True)
class Table:
    """A table in a sample: its first row is the first of `headers` rows of names, or a record without a header.

    `usual` is the width of most rows, which the header's may differ from. `is_proven` says that the rows below speak
    for a header or against one, `is_text` that they do neither, as they are all text.
    """

    first: int
    headers: int
    usual: int
    is_proven: bool
    is_text: bool = False


def find_table(rows: Sequence[Row]) -> Table:
    """Find the beginning of the table, in one row or more."""
    usual = _usual_width(rows)
    body = Body(rows, usual)
    if usual == 1:
        return _begin(rows, body, usual, 0)
    first = _first_of_width(rows, usual)
    if earlier := _find_earlier_table(rows, first):
        return earlier
    place = _skip_settings(rows, body, usual, first)
    if body.votes(rows[place]).is_header:
        return _begin(rows, body, usual, place)
    above = _header_above(rows, body, usual, place)
    if above is not None:
        return Table(above, 1, usual, True)
    table = _begin(rows, body, usual, place)
    if table.headers:
        return table
    while place and _is_record(rows[place - 1], body):
        place -= 1
    return replace(table, first=place)


def _usual_width(rows: Sequence[Row]) -> int:
    """The number of cells of most rows of more than one; 1 if these are few among rows of one."""
    wide = [row for row in rows if row.width > 1 and row.filled and not row.problem]
    widths = Counter(row.width for row in wide if not is_comment(row.cells[0])) or Counter(row.width for row in wide)
    if not widths:
        return 1
    width, count = widths.most_common(1)[0]
    first = next(place for place, row in enumerate(rows) if row.width == width)
    is_doubtful = count == 1 or count < FEW_OTHERS * (len(rows) - first)
    return 1 if is_doubtful and count < sum(row.width == 1 for row in rows) else width


def _first_of_width(rows: Sequence[Row], usual: int) -> int:
    """The first row of the table's width that is neither a title nor a comment."""
    alike = [place for place, row in enumerate(rows) if row.width == usual and row.filled and not row.problem]
    titles = {place for place in alike if _is_title(rows[place], usual)}
    remarks = {place for place in alike if is_comment(rows[place].cells[0])}
    first = next((place for place in alike if place not in titles | remarks), alike[0])
    # If most rows are like that, records have empty cells.
    is_sparse = sum(place in titles for place in alike if place > first) * 2 > sum(place > first for place in alike)
    return alike[0] if is_sparse or first > MAX_PREAMBLE + alike[0] else first


def _is_title(row: Row, usual: int) -> bool:
    """Return whether a row of the table's width is a title, a note or a setting, followed by empty cells."""
    filled = row.filled
    if len(filled) == 1:
        return usual > 2
    return len(filled) * 2 <= usual and filled == list(range(len(filled)))


def _is_sentence(row: Row) -> bool:
    """Return whether the delimiters of a row are in a text, each followed by a space."""
    return all(cell.startswith(b" ") and is_word(cell) for cell in row.cells[1:])


def _find_earlier_table(rows: Sequence[Row], first: int) -> Table | None:
    """A table of another width above the rows of the most common one, with a header of its own."""
    above = [place for place in range(first) if len(rows[place].filled) > 1 and not is_comment(rows[place].cells[0])]
    if len(above) < MIN_TABLE:
        return None
    start, width = above[0], rows[above[0]].width
    if width < 2 or not _names_columns(rows[start]):
        return None
    body = Body(rows[start:first], width)
    if len(body.rows) < MIN_TABLE or len(body.rows) * 2 < first - start:
        return None
    return _begin(rows, body, width, start) if body.votes(rows[start]).is_header else None


def _skip_settings(rows: Sequence[Row], body: Body, usual: int, first: int) -> int:
    """The row below lines of keys and values that are as wide as the table: its header, which they do not fit."""
    here = body.votes(rows[first])
    if _is_remark(rows, body, first):
        return first + 1
    records = 0
    for place in range(first + 1, min(first + MAX_PREAMBLE, len(rows))):
        row, above = rows[place], rows[place - 1]
        records += above.width == usual and body.votes(above).header == 0
        if here.is_header and records:
            break
        if row.width != usual or row.problem or not body.votes(row).is_header:
            continue
        if row.is_apart and (not records or _are_settings(rows[first:place])):
            return place
        if not records and not here.is_header and body.votes(row).header > 1:
            return place
    return _skip_words(rows, body, first) if usual == 2 and here.is_header else first


def _is_remark(rows: Sequence[Row], body: Body, first: int) -> bool:
    """Return whether a row is a sentence or has numbers that are not names, above a header of words only."""
    if first + 2 >= len(rows) or rows[first + 1].width != rows[first].width or rows[first + 1].problem:
        return False
    row, below = rows[first], rows[first + 1]
    votes = body.votes(below)
    if _is_sentence(row):
        return votes.is_header and not _is_sentence(below)
    is_clear = votes.header == body.width > 1 and all(map(is_word, below.cells))
    return is_clear and not body.votes(row).is_header and len(body.rows) >= MIN_TABLE


def _are_settings(rows: Sequence[Row]) -> bool:
    """Return whether rows are each a key, which is a word, and a value."""
    return all(row.width == 2 and is_word(row.cells[0]) for row in rows)


def _skip_words(rows: Sequence[Row], body: Body, first: int) -> int:
    """The header of two columns below lines of words: the last of three lines or more that could be it."""
    last = first
    while last + 1 < len(rows) and _names_columns(rows[last + 1]) and body.votes(rows[last + 1]).is_header:
        last += 1
    return last if last - first > 1 else first


def _begin(rows: Sequence[Row], body: Body, usual: int, place: int) -> Table:
    """The table that begins with a row of its width."""
    row, votes = rows[place], body.votes(rows[place])
    commented = place - 1
    if commented >= 0 and not votes.is_header and _is_commented_header(rows, body, place):
        return Table(commented, 1, usual, True)
    if votes.is_header:
        is_proven = votes.header > 1 or not body.has_rows or not body.repeats(row)
        return Table(place, _count_headers(rows, body, place), usual, is_proven)
    if not votes.is_open:
        return Table(place, 0, usual, not votes.header)
    names = any(map(is_word, row.cells)) and not body.repeats(row)
    return Table(place, int(names), usual, False, is_text=True)


def _is_commented_header(rows: Sequence[Row], body: Body, place: int) -> bool:
    """Return whether the row above the first record is a header after a comment mark."""
    row = rows[place - 1]
    if row.width != rows[place].width or row.problem or not is_comment(row.cells[0]) or rows[place].is_apart:
        return False
    if not body.votes(rows[place]).is_open:
        return body.votes(row).is_header or _names_columns(row)
    is_only_one = place == 1 or not is_comment(rows[place - 2].cells[0])
    return is_only_one and not row.cells[0].lstrip()[1:2].isspace() and _names_columns(row)


def _header_above(rows: Sequence[Row], body: Body, usual: int, first: int) -> int | None:
    """A header above the first row of the table's width that has another width, many names missing, or a mistake."""
    if first and rows[first - 1].problem and abs(rows[first - 1].width - usual) <= 1:
        votes = body.votes(rows[first - 1])
        return first - 1 if votes.is_header or votes.is_open else None
    above = [place for place in range(first) if len(rows[place].filled) > 1 and not is_comment(rows[place].cells[0])]
    if not above or rows[first].is_apart:
        return None
    names = body.votes(rows[above[0]]).header and not body.values(rows[above[0]])
    if not names and not _names_columns(rows[above[0]]):
        return None
    width = rows[above[0]].width
    if any(rows[place].width != width or rows[place].problem for place in above):
        return None
    if width == usual:
        return above[-1] if body.votes(rows[above[-1]]).is_header else None
    # Two narrow lines hold a key and a value each; more of them are a table that grows wider.
    return above[0] if width > usual or len(above) != 2 else None


def _names_columns(row: Row) -> bool:
    """Return whether a row could be a header, by itself: most cells are filled, with words that differ."""
    words = [row.cells[place].strip() for place in row.filled]
    distinct = len(set(words))
    return distinct > 1 and distinct * 2 > len(words) and len(words) * 2 >= row.width and all(map(is_word, words))


def _is_record(row: Row, body: Body) -> bool:
    """Return whether a row above the first one of the table's width is a record: it has values in the table's columns
    of values, or any at all and one cell more or less, as a record without a delimiter.
    """
    if row.width != body.width and len(row.filled) < 2:
        return False
    if abs(row.width - body.width) == 1 and any(kind(cell) in TYPED for cell in row.cells):
        return True
    votes = body.votes(row)
    return votes.record > 0 and votes.header == 0


def _count_headers(rows: Sequence[Row], body: Body, place: int) -> int:
    """Count the rows of the header that begins with a row."""
    count = 1
    while count < MAX_HEADERS and place + count + 1 < len(rows) and _goes_on(rows[place : place + count + 1], body):
        count += 1
    return count


def _goes_on(rows: Sequence[Row], body: Body) -> bool:
    """Return whether the last of some rows continues the header of the others: it is not a value of the types further
    below, and names columns that they leave empty or has words, such as units, in columns of values.
    """
    above, row = rows[:-1], rows[-1]
    if row.width != above[0].width or row.width != body.width or row.problem:
        return False
    if body.votes(row).record:
        blank = [place for place in range(row.width) if not row.cells[place].strip() and body.is_typed(place)]
        return len(above) > 1 and any(body.is_filled(place, row) for place in blank)
    if body.values(row):
        return False
    named = [place for place in row.filled if not any(other.cells[place].strip() for other in above)]
    typed = [place for place in row.filled if body.stands_out(place, row.cells[place])]
    if named:
        return body.found_again(row, named) < len(named) and (len(named) > 1 or bool(typed))
    return _has_units(row, typed, body)


def _has_units(row: Row, typed: Sequence[int], body: Body) -> bool:
    """Return whether a row has words, such as units, in columns of values, and is not a record that lacks these."""
    others = [place for place in row.filled if place not in typed]
    if body.found_again(row, typed):
        return False
    if not others:
        return len(typed) > 1 or (len(typed) == 1 and body.is_filled(0, row))
    words = {row.cells[place].strip() for place in typed}
    return len(words) == len(typed) > max(1, len(others))
