"""Sample: what the file's first records say of its columns, before any is loaded."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import pyarrow as pa

from app.imports.formats.table import line_of
from app.imports.inference.chosen import infer_table
from app.imports.inference.image_tally import IMAGE_SHARE
from app.imports.inference.infer import TableInference
from app.imports.inference.match import Match
from app.imports.inference.settle import settle_columns
from app.imports.source.source import Source
from app.imports.worker.plan import FilePlan, ReadPlan


def infer_sample(plan: FilePlan, source: Source) -> TableInference:
    """Infer what the whole records of the file's first part suggest as columns."""
    inference = infer_table(plan.selection, plan.read.conventions)
    for arrays, find_line in _sample_tables(plan.read, source):
        inference.update(arrays, find_line)
    if source.sample()[1]:
        inference.finish()
    return inference


def settle_match(match: Match, plan: ReadPlan, source: Source) -> Match:
    """Note with a dataset's columns what the file's first records prove of how their values are written."""
    places = [place for place, column in enumerate(match.columns) if column is not None and place not in match.stated]
    tables = (([arrays[place] for place in places], find_line) for arrays, find_line in _sample_tables(plan, source))
    settled = settle_columns(
        [column for place in places if (column := match.columns[place]) is not None],
        tables,
        plan.conventions,
        is_all=source.sample()[1],
        may_be_export=match.has_own_header,
    )
    columns = list(match.columns)
    for place, column in zip(places, settled.columns, strict=True):
        columns[place] = column
    return replace(
        match,
        columns=columns,
        apart=match.apart | {places[index] for index in settled.apart},
        warnings=[*match.warnings, *settled.warnings, *_list_image_texts(match, plan, source)],
    )


def _list_image_texts(match: Match, plan: ReadPlan, source: Source) -> list[str]:
    """Warnings about the dataset's columns of text whose values are names of images."""
    images = plan.conventions.images
    texts = {place: column.name for place, column in enumerate(match.columns) if column and column.type == "text"}
    if not images or not texts:
        return []
    found, among = Counter[int](), Counter[int]()
    for arrays, _ in _sample_tables(plan, source):
        for place in texts:
            found[place] += images.count_names(arrays[place].view(pa.string()))
            among[place] += len(arrays[place]) - arrays[place].null_count
    return [
        f"'{name}' is text, and {found[place]:,} of its first {among[place]:,} values are {images.what}: change its "
        f"type to image, and records show the images. (tolva datasets change, or PATCH /datasets/{{dataset}})"
        for place, name in texts.items()
        if found[place] and found[place] * IMAGE_SHARE >= among[place] * (IMAGE_SHARE - 1)
    ]


def _sample_tables(plan: ReadPlan, source: Source) -> Iterator[tuple[list[pa.Array], Callable[[int], int]]]:
    """The columns of the whole records of the file's first part, and what finds the line of a row."""
    sample, is_all = source.sample()
    reader = plan.reader(source.encoding)
    for data in (sample, None) if is_all else (sample,):
        for part in reader.read(data):
            table = part.table.without_doubtful()
            yield table.columns, partial(line_of, part.places, table.rows)
