"""Image names: the image that each cell of an image column means.

A cell is an image's filename, its last part, its id, or the URL by which Tolva serves it. What a cell means is looked
up once for all cells of a chunk that are alike.

Pure: no I/O, but for what the given `find_others` does.
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from app.imports.values.cells import Mask, to_mask

MISSING, AMBIGUOUS, EXTERNAL = "image_missing", "image_ambiguous", "image_external"
REJECTED, NOT_READY, OF_OTHER = "image_rejected", "image_not_ready", "image_of_other_dataset"
CODES = (MISSING, AMBIGUOUS, EXTERNAL, REJECTED, NOT_READY, OF_OTHER)

# The folder that exports and most archives have pictures in: a name with it and one without mean the same image.
FOLDER = "images/"
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


class _Meaning(NamedTuple):
    """The meaning of a cell: `id` is the value, None without one; `image` is the image, a refused one too.

    `folded` is the filename of one that was found in other letters, or MISSING if the cell was made null.
    """

    id: str | None
    image: str = ""
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
            found.append(
                f"{_count(self.folded, 'cell')} of images differ from the filename in capital and small letters only, "
                f"as '{cell}' for '{name}': they were taken for it."
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

    Of several images with one filename the first counts. `aliases` are further names, each of one image's id: they
    count before filenames. With `nulls_missing` a cell that no image is called by is null.
    """

    def __init__(
        self,
        images: Iterable[KnownImage],
        *,
        aliases: Mapping[str, KnownImage] | None = None,
        find_others: FindOthers = _find_none,
        nulls_missing: bool = False,
    ) -> None:
        self._by_name = {name: _meaning_of(image) for name, image in (aliases or {}).items()}
        self._by_id = {image.id: self._by_name[name] for name, image in (aliases or {}).items() if image.id}
        for image in images:
            meaning = self._by_id.setdefault(image.id, _meaning_of(image))
            self._by_name.setdefault(image.filename, meaning)
        self._find_others = find_others
        self._nulls_missing = nulls_missing
        self._by_end: dict[str, list[str]] | None = None
        # The words for what is called by the names.
        self.what = "pictures that came with the file" if aliases else "names of the dataset's images"

    def __bool__(self) -> bool:
        return bool(self._by_name)

    def read(self, array: pa.Array) -> ImageCells:
        """The images that texts mean."""
        encoded = array.dictionary_encode()
        texts: list[str] = encoded.dictionary.to_pylist()
        meanings = self._find_all(texts)
        ids = pa.array([meaning.id for meaning in meanings], pa.string())
        values = ids.take(encoded.indices)
        refused = _refuse(meanings, encoded.indices)
        return ImageCells(values, refused, self._note(texts, meanings, encoded.indices, values))

    def misfits(self, array: pa.Array) -> Mask | None:
        """Which texts mean no image of the names, or one that is refused; None without any."""
        encoded = array.dictionary_encode()
        bad = [
            meaning is None or (meaning.id is None and meaning is not _NOTHING)
            for meaning in map(self._find_known, encoded.dictionary.to_pylist())
        ]
        if not any(bad):
            return None
        return to_mask(pa.array(bad, pa.bool_()).take(encoded.indices))

    def _find_all(self, texts: Sequence[str]) -> list[_Meaning]:
        found = list(map(self._by_name.get, texts))
        if None not in found:
            return cast("list[_Meaning]", found)
        found = [meaning or self._find_known(text) for text, meaning in zip(texts, found, strict=True)]
        unknown = {text: key for text, meaning in zip(texts, found, strict=True) if meaning is None
                   for key in [_id_in(text)]}  # fmt: skip
        others = self._find_others(sorted({key for key in unknown.values() if key})) if any(unknown.values()) else {}
        return [
            self._conclude(text, others.get(unknown[text] or "")) if meaning is None else meaning
            for text, meaning in zip(texts, found, strict=True)
        ]

    def _find_known(self, text: str) -> _Meaning | None:
        """The meaning of a text among the names; None if it is not one of them."""
        meaning = self._by_name.get(text)
        if meaning is not None:
            return meaning
        cleaned = clean_filename(text)
        if not cleaned:
            return _NOTHING
        meaning = self._by_name.get(cleaned) or self._by_id.get(_id_in(cleaned) or "")
        if meaning is not None:
            return meaning
        return None if _FOREIGN_URL.match(cleaned) else self._find_by_end(cleaned)

    def _find_by_end(self, name: str) -> _Meaning | None:
        """The meaning of a name that is a part of a filename, or the other way round, if that can be but one."""
        bare = name.removeprefix(FOLDER)
        if bare != name and (meaning := self._by_name.get(bare)) is not None:
            return meaning
        found = self._ends.get(_end_of(name), ())
        for fold in (str, str.casefold):
            alike = [other for other in found if fold(_last_part(other)) == fold(_last_part(name))]
            if not alike:
                continue
            if len(alike) > 1:
                nearest = [other for other in alike if _is_part(fold(name), fold(other))]
                alike = nearest if len(nearest) == 1 else alike
            if len(alike) > 1:
                shown = " and ".join(f"'{other}'" for other in alike[:CANDIDATES_SHOWN])
                more = f" and {len(alike) - CANDIDATES_SHOWN:,} more" if len(alike) > CANDIDATES_SHOWN else ""
                return _refused(Refusal(AMBIGUOUS, f"could be the image {shown}{more}: write it with its folder"))
            meaning = self._by_name[alike[0]]
            return meaning if fold is str else meaning._replace(folded=alike[0])
        return None

    @property
    def _ends(self) -> dict[str, list[str]]:
        """The names by their last part in small letters; of names that mean one image, one."""
        if self._by_end is None:
            self._by_end = {}
            seen = set()
            for name, meaning in self._by_name.items():
                key = meaning.image or name
                if key not in seen:
                    seen.add(key)
                    self._by_end.setdefault(_end_of(name), []).append(name)
        return self._by_end

    def _conclude(self, text: str, other: KnownImage | None) -> _Meaning:
        """The meaning of a text that is not one of the names, with the image of the id in it, if there is one."""
        if other is not None:
            return _meaning_of(other)
        if _FOREIGN_URL.match(text.strip()):
            return _refused(Refusal(EXTERNAL, "an image that Tolva does not have: upload it, and give its name"))
        if self._nulls_missing:
            return _Meaning(None, folded=MISSING)
        return _refused(
            Refusal(
                MISSING,
                "no image of the dataset is called so: upload it, put it into the archive, or make it null with "
                "missing_images=null",
            )
        )

    def _note(
        self, texts: Sequence[str], meanings: Sequence[_Meaning], indices: pa.Array, values: pa.Array
    ) -> ImageNotes:
        notes = ImageNotes(len(values) - values.null_count)
        notes.used = {meaning.id for meaning in meanings if meaning.id is not None}
        if not any(meaning.folded for meaning in meanings):
            return notes
        counts = np.bincount(indices.drop_null().to_numpy(zero_copy_only=False), minlength=len(texts)).tolist()
        for text, meaning, count in zip(texts, meanings, counts, strict=True):
            if meaning.folded == MISSING:
                notes.missing += count
                notes.missing_example = notes.missing_example or text
            elif meaning.folded:
                notes.folded += count
                notes.folded_example = notes.folded_example if notes.folded_example[0] else (text, meaning.folded)
        return notes


_NOTHING = _Meaning(None)


def _meaning_of(image: KnownImage) -> _Meaning:
    if image.code:
        return _refused(Refusal(image.code, image.message), image.id)
    return _Meaning(image.id, image.id)


def _refused(refusal: Refusal, image: str = "") -> _Meaning:
    return _Meaning(None, image, refusal)


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
