"""An image as the catalogue keeps it."""

import secrets
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    Double,
    ForeignKey,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy import Column as SqlColumn
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field as SqlField
from sqlmodel import SQLModel

from app.core.database.names import CATALOGUE_SCHEMA

ImageStatus = Literal["awaiting_upload", "checking", "ready", "rejected"]

ID_PREFIX = "img_"
# Versions of an image that links may still name.
MAX_OLD_VERSIONS = 20


def new_id() -> str:
    """The id of a new image, which nobody guesses."""
    return f"{ID_PREFIX}{secrets.token_hex(10)}"


def new_version() -> str:
    """A version of an image: who knows it may see the image's variants."""
    return secrets.token_urlsafe(12)


class Image(SQLModel, table=True):
    """One picture. Its bytes never change: another file of the same name is another image.

    `filename` is in Unicode's form C; of the ready images of a dataset with one name the newest `is_current`. `version`
    changes with what variants show, so with the focal point. `width` and `height` are those of the upright picture.
    """

    __tablename__ = "image"
    __table_args__ = (
        CheckConstraint("status IN ('awaiting_upload', 'checking', 'ready', 'rejected')", name="status"),
        CheckConstraint("focal_x BETWEEN 0 AND 1 AND focal_y BETWEEN 0 AND 1", name="focal_point"),
        UniqueConstraint("object_key", name="image_object_key"),
        Index("image_dataset_created", "dataset_id", "created_at"),
        Index("image_dataset_filename", "dataset_id", "filename"),
        Index(
            "image_current",
            "dataset_id",
            "filename",
            unique=True,
            postgresql_where=text("is_current"),
            postgresql_nulls_not_distinct=True,
        ),
        Index("image_unchecked", "status", postgresql_where=text("status <> 'ready'")),
        {"schema": CATALOGUE_SCHEMA},
    )

    id: str = SqlField(default_factory=new_id, sa_column=SqlColumn(Text, primary_key=True))
    dataset_id: UUID | None = SqlField(
        None, sa_column=SqlColumn(ForeignKey(f"{CATALOGUE_SCHEMA}.dataset.id", ondelete="CASCADE"))
    )
    filename: str = SqlField(sa_column=SqlColumn(Text, nullable=False))
    is_current: bool = SqlField(
        default=False, sa_column=SqlColumn(Boolean, nullable=False, server_default=text("false"))
    )
    status: str = SqlField(default="awaiting_upload", sa_column=SqlColumn(Text, nullable=False))
    # Of a rejected image: `code` and `message`.
    problem: dict[str, Any] | None = SqlField(default=None, sa_column=SqlColumn(JSONB(none_as_null=True)))
    warnings: list[str] = SqlField(
        default_factory=list, sa_column=SqlColumn(JSONB, nullable=False, server_default=text("'[]'::jsonb"))
    )
    version: str = SqlField(default_factory=new_version, sa_column=SqlColumn(Text, nullable=False))
    old_versions: list[str] = SqlField(
        default_factory=list, sa_column=SqlColumn(ARRAY(Text), nullable=False, server_default=text("'{}'"))
    )

    # Of the original: as it was announced, and as it came. `sha256` is hexadecimal.
    object_key: str = SqlField(sa_column=SqlColumn(Text, nullable=False))
    object_version: str | None = SqlField(default=None, sa_column=SqlColumn(Text))
    bytes: int | None = SqlField(default=None, sa_column=SqlColumn(BigInteger))
    sha256: str | None = SqlField(default=None, sa_column=SqlColumn(Text))
    format: str | None = SqlField(default=None, sa_column=SqlColumn(Text))

    width: int | None = SqlField(default=None, sa_column=SqlColumn(Integer))
    height: int | None = SqlField(default=None, sa_column=SqlColumn(Integer))
    frames: int | None = SqlField(default=None, sa_column=SqlColumn(Integer))
    has_alpha: bool | None = SqlField(default=None, sa_column=SqlColumn(Boolean))
    # As `#rrggbb`, and a very small picture as a data URI.
    color: str | None = SqlField(default=None, sa_column=SqlColumn(Text))
    placeholder: str | None = SqlField(default=None, sa_column=SqlColumn(Text))
    alt: str | None = SqlField(default=None, sa_column=SqlColumn(Text))
    focal_x: float | None = SqlField(default=None, sa_column=SqlColumn(Double))
    focal_y: float | None = SqlField(default=None, sa_column=SqlColumn(Double))

    created_at: datetime = SqlField(
        default_factory=lambda: datetime.now(UTC),
        sa_column=SqlColumn(DateTime(timezone=True), nullable=False, server_default=func.now()),
    )
    checked_at: datetime | None = SqlField(default=None, sa_column=SqlColumn(DateTime(timezone=True)))


class ImageRemoval(SQLModel, table=True):
    """An image that was deleted, alone or with its dataset, and whose objects are still to be removed.

    A trigger of the table of images adds it, in whichever way a row is deleted.
    """

    __tablename__ = "image_removal"
    __table_args__ = (Index("image_removal_deleted_at", "deleted_at"), {"schema": CATALOGUE_SCHEMA})

    id: str = SqlField(sa_column=SqlColumn(Text, primary_key=True))
    deleted_at: datetime = SqlField(
        sa_column=SqlColumn(DateTime(timezone=True), nullable=False, server_default=func.now())
    )
