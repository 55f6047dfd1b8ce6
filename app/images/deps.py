"""The image that a path names, for a caller who may have it, and the dataset that a new one is for."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Path, Request

from app.access.deps import CurrentCaller, IdempotencyKey
from app.access.principal import Principal, Scope
from app.core.database.sessions import Session
from app.core.http.idempotency import claim_request
from app.datasets.models import Dataset
from app.datasets.repository import get_dataset
from app.images.bodies import ImageCreate
from app.images.errors import ImageNotFound
from app.images.models import Image
from app.images.repository import get_image

ImageId = Annotated[str, Path(alias="image", description="the image's id", examples=["img_3f6c0e2b9a7d4c518e90"])]


@dataclass(frozen=True)
class PlacedImage:
    """An image and the name of its dataset, None if it belongs to none."""

    row: Image
    dataset: str | None


async def _get(scope: Scope, image: str, caller: Principal, session: Session) -> PlacedImage:
    row, dataset = await get_image(session, image)
    if not caller.may("read", dataset):
        # Its id may be in a URL that everyone has: that it exists is no secret, but what it is.
        raise ImageNotFound(f"There is no image '{image[:100]}' that the key gives access to.")
    caller.demand(scope, dataset)
    return PlacedImage(row, dataset)


async def _readable(image: ImageId, caller: CurrentCaller, session: Session) -> PlacedImage:
    return await _get("read", image, caller, session)


async def _writable(image: ImageId, caller: CurrentCaller, session: Session) -> PlacedImage:
    return await _get("write", image, caller, session)


ImageFromPath = Annotated[PlacedImage, Depends(_readable)]
WritableImage = Annotated[PlacedImage, Depends(_writable)]


async def find_target(name: str | None, scope: Scope, caller: Principal, session: Session) -> Dataset | None:
    """The dataset that images are for, None without a name.

    Raises:
        ScopeMissing: the caller may not do so; images of no dataset are for a key that is not limited to some.
        DatasetNotFound: there is no such dataset.
    """
    caller.demand(scope, name)
    return None if name is None else await get_dataset(session, name, visible=caller.datasets)


async def _target(body: ImageCreate, caller: CurrentCaller, session: Session) -> Dataset | None:
    return await find_target(body.dataset, "write", caller, session)


# The dataset of the image that a body announces.
ImageTarget = Annotated[Dataset | None, Depends(_target)]


async def _claim_announcement(
    request: Request, caller: CurrentCaller, target: ImageTarget, _key: IdempotencyKey = None
) -> None:
    await claim_request(request, caller.id, within=None if target is None else target.id)


# Who may not announce one claims nothing, and another dataset of the name has others.
IdempotentAnnouncement = Depends(_claim_announcement)
