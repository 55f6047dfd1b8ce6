"""The port to images: what datasets and their records need of them, which the feature of images provides. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True)
class ImageFault:
    """The reason that a written value names no image that a record may have, and the way out.

    `dataset`, if it is the reason, is the other dataset that the image belongs to.
    """

    code: str
    message: str
    dataset: str | None = None


class Images(Protocol):
    """The images, as records know them."""

    async def resolve(self, dataset: UUID, values: Collection[str]) -> Mapping[str, str | ImageFault]:
        """The image's id for each of some written values: ids, filenames of the dataset's images, URLs of ours."""
        ...

    async def show(self, images: Collection[str]) -> Mapping[str, str]:
        """The JSON text of each of some images that is ready, by its id; read from the key-value store's table."""
        ...

    def shown_sql(self, value: str) -> str:
        """The SQL of the same JSON; `value` is the SQL of the id. It is null for an image that is not there."""
        ...

    def cell_sql(self, value: str, dataset: str) -> str:
        """The SQL of an image as a cell of the dataset's exports: its filename, or its id if that means another.

        `dataset` is the SQL of the dataset's id, here and below.
        """
        ...

    def named_sql(self, value: str, dataset: str) -> str:
        """The SQL of the id for `value`, the SQL of an id or a filename; an empty text if there is no such image."""
        ...

    def resolved_sql(self, value: str, dataset: str) -> str:
        """The SQL of the id of the ready image that a text names; null without one that a record may have."""
        ...


_provided: list[Images] = []


def provide(images: Images) -> None:
    """Register what provides images to this process."""
    _provided[:] = [images]


def get_images() -> Images:
    """The images, as records know them."""
    assert _provided, "the application provides images before it answers a request"
    return _provided[0]
