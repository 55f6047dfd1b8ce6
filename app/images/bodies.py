"""Images in requests and answers."""

import base64
import re
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import BaseModel, Field, field_validator

from app.columns.column import Name
from app.columns.json_schema import IMAGE_WIDTHS
from app.core.fields import Positive, RequestBody
from app.core.http.uploads import Upload
from app.core.settings import get_settings
from app.images.file_names import MAX_FILENAME, normal_filename
from app.images.models import Image, ImageStatus
from app.images.shown import MAIN_WIDTH, content_url

MAX_ALT = 2000
Coordinate = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False, strict=True)]


class FocalPoint(RequestBody):
    """The place of a picture that a crop keeps: 0, 0 is its upper left corner and 1, 1 its lower right one."""

    x: Coordinate
    y: Coordinate


class ImageCreate(RequestBody):
    """A picture that is to be uploaded."""

    filename: str = Field(min_length=1, max_length=MAX_FILENAME, examples=["a1.jpg"])
    size: Positive = Field(description="in bytes; signed into the upload")
    sha256: str | None = Field(
        None,
        description="of the file, in hexadecimal; the storage then refuses any other file",
        json_schema_extra={"pattern": "^[0-9a-fA-F]{64}$"},
    )
    dataset: Name | None = Field(None, description="the dataset whose records may name it; without one, those of all")
    alt: str | None = Field(None, max_length=MAX_ALT, description="what the picture shows, for those who do not see it")
    focal_point: FocalPoint | None = None

    @field_validator("filename")
    @classmethod
    def _is_file_name(cls, value: str) -> str:
        return normal_filename(value)

    @field_validator("sha256")
    @classmethod
    def _is_digest(cls, value: str | None) -> str | None:
        if value is not None and re.fullmatch("[0-9a-fA-F]{64}", value) is None:
            raise ValueError("must be 64 hexadecimal digits")
        return None if value is None else value.lower()

    @property
    def checksum(self) -> str | None:
        """The digest as S3 takes it."""
        return None if self.sha256 is None else base64.b64encode(bytes.fromhex(self.sha256)).decode()


class ImageUpdate(RequestBody):
    """A change of an image: members left out stay, null removes."""

    alt: str | None = Field(None, max_length=MAX_ALT)
    focal_point: FocalPoint | None = None


class ImageProblem(BaseModel):
    """The reason for which an image was rejected."""

    code: str
    message: str


class ImagePublic(BaseModel):
    """An image as the API shows it. `url` and `variants` are null until it is ready."""

    id: str
    dataset: str | None
    filename: str
    status: ImageStatus
    problem: ImageProblem | None = Field(description="why it was rejected")
    warnings: list[str]
    format: str | None
    size: int | None = Field(description="in bytes, of the file as it came")
    sha256: str | None
    width: int | None
    height: int | None
    frames: int | None = Field(description="more than one of an animation")
    has_alpha: bool | None
    color: str | None = Field(examples=["#8a7d6b"])
    placeholder: str | None = Field(description="a tiny picture as a data URI, to show until the image is loaded")
    alt: str | None
    focal_point: FocalPoint | None
    url: str | None
    variants: dict[str, str] | None = Field(description="URLs by width")
    created_at: datetime
    checked_at: datetime | None

    @classmethod
    def of(cls, row: Image, dataset: str | None) -> Self:
        """A row as the API shows it, with the name of its dataset."""
        kept: dict[str, Any] = row.model_dump(exclude={"dataset_id", "bytes"})
        urls = _urls(row) if row.status == "ready" else {}
        return cls(
            **{name: value for name, value in kept.items() if name in cls.model_fields},
            dataset=dataset,
            size=row.bytes,
            focal_point=_focal_point(row),
            url=urls.get(str(MAIN_WIDTH)),
            variants={width: urls[width] for width in IMAGE_WIDTHS} if urls else None,
        )


def _urls(row: Image) -> dict[str, str]:
    base = get_settings().base_url
    return {width: content_url(row.id, row.version, width, base) for width in {*IMAGE_WIDTHS, str(MAIN_WIDTH)}}


def _focal_point(row: Image) -> FocalPoint | None:
    return None if row.focal_x is None or row.focal_y is None else FocalPoint(x=row.focal_x, y=row.focal_y)


class ImageCreated(ImagePublic):
    """An announced image, with the request that uploads its file."""

    upload: Upload
