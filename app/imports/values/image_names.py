"""Image names: the image that each cell of an image column means.

A cell is an image's filename, its last part, its id, or the URL by which Tolva serves it. What a cell means is looked
up once for all cells of a chunk that are alike.

Pure: no I/O, but for what the given `find_others` does.
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from app.imports.archive.file_kinds import PICTURE_FOLDER
from app.imports.values.cells import Mask, to_mask

MISSING, AMBIGUOUS, EXTERNAL = "image_missing", "image_ambiguous", "image_external"
REJECTED, NOT_READY, OF_OTHER = "image_rejected", "image_not_ready", "image_of_other_dataset"
CODES = (MISSING, AMBIGUOUS, EXTERNAL, REJECTED, NOT_READY, OF_OTHER)

CANDIDATES_SHOWN = 3
_ID = re.compile(r"img_[0-9a-f]{20}")
_OWN_URL = re.compile(r"(?:https?://[^/?#]+)?/(?:[^?#]*/)?images/(img_[0-9a-f]{20})(?:/[a-z]+)?(?:[?#].*)?", re.DOTALL)
_FOREIGN_URL = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?//|data:", re.IGNORECASE)


class KnownImage(NamedTuple):
    """An image that cells may name; one with a `code` is refused, for the reason that `message` says."""

    id: str
    filename: str
    code: str = ""
    message: str = ""


class Refusal(NamedTuple):
    """The reason that a cell means no image which its record may have."""

    code: str
    message: str


@dataclass(frozen=True)
class KnownImages:
    """Many images, the more important first: their ids and filenames, and by their places why some are refused."""

    ids: Sequence[str]
    filenames: Sequence[str]
    refusals: Mapping[int, Refusal] = field(default_factory=dict)

    @classmethod
    def of(cls, named: Mapping[str, KnownImage]) -> "KnownImages":
        """Images by the names that they are to have."""
        refusals = {
            place: Refusal(image.code, image.message) for place, image in enumerate(named.values()) if image.code
        }
        return cls([image.id for image in named.values()], list(named), refusals)


class _Meaning(NamedTuple):
    """The meaning of a cell: `id` is the value, None without one.

    `folded` is the filename of an image that was found in other letters, or MISSING if the cell was made null.
    """

    id: str | None
    refusal: Refusal | None = None
    folded: str = ""


@dataclass
class ImageNotes:
    """Counts of cells of image columns."""

    matched: int = 0
    # Cells that are null, as no image is called so.
    missing: int = 0
    missing_example: str = ""
    folded: int = 0
    folded_example: tuple[str, str] = ("", "")
    # The ids of images that cells name.
    used: set[str] = field(default_factory=set)

    def add(self, other: "ImageNotes") -> None:
        """Count further cells."""
        self.matched += other.matched
        self.missing += other.missing
        self.missing_example = self.missing_example or other.missing_example
        self.folded += other.folded
        self.folded_example = self.folded_example if self.folded_example[0] else other.folded_example
        self.used |= other.used

    @property
    def warnings(self) -> list[str]:
        """Warnings about cells that were accepted."""
        found = []
        if self.folded:
            cell, name = self.folded_example
            differ = "differs" if self.folded == 1 else "differ"
            found.append(
                f"{_count(self.folded, 'cell')} of images {differ} from the filename in capital and small letters "
                f"only, as '{cell}' for '{name}', which it is taken for."
            )
        if self.missing:
            found.append(
                f"{_count(self.missing, 'cell')} of images are null, as no image is called so, such as "
                f"'{self.missing_example}'. (missing_images)"
            )
        return found


@dataclass(frozen=True)
class Refused:
    """Cells that are refused for one code: which, and a message for each of them."""

    mask: Mask
    code: str
    messages: pa.Array


@dataclass(frozen=True)
class ImageCells:
    """The ids that cells mean, null for a cell that is null or refused."""

    values: pa.Array
    refused: list[Refused]
    notes: ImageNotes


# The images of some ids that are not among the names, by id: those of no dataset, and of others.
FindOthers = Callable[[Collection[str]], Mapping[str, KnownImage]]


def clean_filename(text: str) -> str:
    """A filename as names are compared: in Unicode's form C, with / between folders, without spaces around it."""
    name = unicodedata.normalize("NFC", text).strip().replace("\\", "/")
    return name.removeprefix("./")


def _find_none(_ids: Collection[str]) -> Mapping[str, KnownImage]:
    return {}


class ImageNames:
    """The names of the images that an import's cells may mean.

    Of several images with one filename the first counts. `aliases` are further names, each of one image: they count
    before filenames. With `nulls_missing` a cell that no image is called by is null.
    """

    def __init__(
        self,
        images: KnownImages,
        *,
        aliases: Mapping[str, KnownImage] | None = None,
        find_others: FindOthers = _find_none,
        nulls_missing: bool = False,
    ) -> None:
        further = KnownImages.of(aliases or {})
        self._names = [*further.filenames, *images.filenames]
        self._ids = [*further.ids, *images.ids]
        start = len(further.ids)
        self._refusals = {
            **further.refusals,
            **{start + place: refusal for place, refusal in images.refusals.items()},
        }
        # What the names mean, as most cells are one of them: both are looked at as a whole.
        self._known = pa.array(self._names, pa.string())
        accepted = [None if place in self._refusals else image for place, image in enumerate(self._ids)]
        self._values = pa.array(accepted if self._refusals else self._ids, pa.string())
        self._find_others = find_others
        self._nulls_missing = nulls_missing
        self._counts_used = bool(aliases)
        # The words for what is called by the names.
        self.what = "pictures that came with the file" if aliases else "names of the dataset's images"

    def __bool__(self) -> bool:
        return bool(self._names)

    def read(self, array: pa.Array) -> ImageCells:
        """The images that texts mean."""
        places = pc.index_in(array, self._known)
        values = self._values.take(places)
        refused: list[Refused] = []
        notes = ImageNotes()
        if values.null_count > array.null_count:
            values, refused = self._read_others(array, values, notes)
        notes.matched = len(values) - values.null_count
        if self._counts_used:
            notes.used = set(values.drop_null().unique().to_pylist())
        return ImageCells(values, refused, notes)

    def _read_others(self, array: pa.Array, values: pa.Array, notes: ImageNotes) -> tuple[pa.Array, list[Refused]]:
        """The images that texts mean of which some are not written as names are; `values` are the other texts'."""
        others = pc.if_else(values.is_null(), array, pa.scalar(None, pa.string()))
        encoded = others.dictionary_encode()
        texts: list[str] = encoded.dictionary.to_pylist()
        meanings = self._find_all(texts)
        ids = pa.array([meaning.id for meaning in meanings], pa.string())
        _note(texts, meanings, encoded.indices, notes)
        return pc.coalesce(values, ids.take(encoded.indices)), _refuse(meanings, encoded.indices)

    def count_names(self, array: pa.Array) -> int:
        """How many texts are names of images, as they are written."""
        found = self._values.take(pc.index_in(array, self._known))
        return len(found) - int(found.null_count)

    def misfits(self, array: pa.Array) -> Mask | None:
        """Which texts mean no image of the names, or one that is refused; None without any."""
        unknown = pc.and_(self._values.take(pc.index_in(array, self._known)).is_null(), array.is_valid())
        if not unknown.true_count:
            return None
        encoded = pc.if_else(unknown, array, pa.scalar(None, pa.string())).dictionary_encode()
        bad = [
            meaning is None or (meaning.id is None and meaning is not _NOTHING)
            for meaning in map(self._find_known, encoded.dictionary.to_pylist())
        ]
        mask = to_mask(pa.array(bad, pa.bool_()).take(encoded.indices))
        return mask if mask.any() else None

    def _find_all(self, texts: Sequence[str]) -> list[_Meaning]:
        found = [self._find_known(text) for text in texts]
        ids = {text: _id_in(text) for text, meaning in zip(texts, found, strict=True) if meaning is None}
        wanted = sorted({image for image in ids.values() if image})
        others = self._find_others(wanted) if wanted else {}
        return [
            self._conclude(text, others.get(ids[text] or "")) if meaning is None else meaning
            for text, meaning in zip(texts, found, strict=True)
        ]

    @cached_property
    def _by_name(self) -> dict[str, int]:
        return _first_places(self._names)

    @cached_property
    def _by_id(self) -> dict[str, int]:
        return _first_places(self._ids)

    def _meaning_of(self, place: int) -> _Meaning:
        if (refusal := self._refusals.get(place)) is not None:
            return _Meaning(None, refusal)
        return _Meaning(self._ids[place])

    def _find_known(self, text: str) -> _Meaning | None:
        """The meaning of a text among the names; None if it is not one of them."""
        name = clean_filename(text)
        if not name:
            return _NOTHING
        for known in (text, name):
            if (place := self._by_name.get(known)) is not None:
                return self._meaning_of(place)
        if (place := self._by_id.get(_id_in(name) or "")) is not None:
            return self._meaning_of(place)
        return None if _FOREIGN_URL.match(name) else self._find_by_end(name)

    def _find_by_end(self, name: str) -> _Meaning | None:
        """The meaning of a name that is a part of a filename, or the other way round, if that can be but one."""
        bare = name.removeprefix(PICTURE_FOLDER)
        if bare != name and (place := self._by_name.get(bare)) is not None:
            return self._meaning_of(place)
        found = self._ends.get(_end_of(name), ())
        for fold in (str, str.casefold):
            alike = [place for place in found if fold(_last_part(self._names[place])) == fold(_last_part(name))]
            if len(alike) > 1:
                nearest = [place for place in alike if _is_part(fold(name), fold(self._names[place]))]
                alike = nearest if len(nearest) == 1 else alike
            if len(alike) > 1:
                return _refused(AMBIGUOUS, _describe_several([self._names[place] for place in alike]))
            if alike:
                meaning = self._meaning_of(alike[0])
                return meaning if fold is str else meaning._replace(folded=self._names[alike[0]])
        return None

    @cached_property
    def _ends(self) -> dict[str, list[int]]:
        """The places of names by their last part in small letters; of names that mean one image, the first."""
        found: dict[str, list[int]] = {}
        seen = set()
        for name, place in self._by_name.items():
            key = self._ids[place] or name
            if place == self._by_id.get(key, place) and key not in seen:
                seen.add(key)
                found.setdefault(_end_of(name), []).append(place)
        return found

    def _conclude(self, text: str, other: KnownImage | None) -> _Meaning:
        """The meaning of a text that is not one of the names, with the image of the id in it, if there is one."""
        if other is not None:
            return _refused(other.code, other.message) if other.code else _Meaning(other.id)
        if _FOREIGN_URL.match(text.strip()):
            return _refused(EXTERNAL, "an image that Tolva does not have: upload it, and give its name")
        if self._nulls_missing:
            return _Meaning(None, folded=MISSING)
        return _refused(
            MISSING,
            "no image of the dataset is called so: upload it, put it into the archive, or make it null with "
            "missing_images=null",
        )


_NOTHING = _Meaning(None)


def _refused(code: str, message: str) -> _Meaning:
    return _Meaning(None, Refusal(code, message))


def _first_places(texts: Iterable[str]) -> dict[str, int]:
    """The first place of each text that is not empty."""
    found: dict[str, int] = {}
    for place, text in enumerate(texts):
        if text:
            found.setdefault(text, place)
    return found


def _describe_several(names: Sequence[str]) -> str:
    shown = " and ".join(f"'{name}'" for name in names[:CANDIDATES_SHOWN])
    more = f" and {len(names) - CANDIDATES_SHOWN:,} more" if len(names) > CANDIDATES_SHOWN else ""
    return f"could be the image {shown}{more}: write it with its folder"


def _note(texts: Sequence[str], meanings: Sequence[_Meaning], indices: pa.Array, notes: ImageNotes) -> None:
    """Count the cells that were found in other letters, and those that were made null."""
    if not any(meaning.folded for meaning in meanings):
        return
    counts = np.bincount(indices.drop_null().to_numpy(zero_copy_only=False), minlength=len(texts)).tolist()
    for text, meaning, count in zip(texts, meanings, counts, strict=True):
        if meaning.folded == MISSING:
            notes.missing += count
            notes.missing_example = notes.missing_example or text
        elif meaning.folded:
            notes.folded += count
            notes.folded_example = notes.folded_example if notes.folded_example[0] else (text, meaning.folded)


def _id_in(text: str) -> str | None:
    """The id that a text is, or that a URL has in it."""
    text = text.strip()
    if _ID.fullmatch(text):
        return text
    url = _OWN_URL.fullmatch(text)
    return url[1] if url else None


def _last_part(name: str) -> str:
    return name.rpartition("/")[2]


def _end_of(name: str) -> str:
    return _last_part(name).casefold()


def _is_part(name: str, other: str) -> bool:
    """Return whether one name is the other without its first folders."""
    return f"/{other}".endswith(f"/{name}") or f"/{name}".endswith(f"/{other}")


def _refuse(meanings: Sequence[_Meaning], indices: pa.Array) -> list[Refused]:
    codes = {meaning.refusal.code for meaning in meanings if meaning.refusal is not None}
    found = []
    for code in sorted(codes):
        refusals = [
            meaning.refusal.message if meaning.refusal is not None and meaning.refusal.code == code else None
            for meaning in meanings
        ]
        messages = pa.array(refusals, pa.string()).take(indices)
        mask = to_mask(pc.is_valid(messages))
        found.append(Refused(mask, code, messages))
    return found


def _count(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
