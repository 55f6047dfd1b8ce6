"""An API key as the catalogue keeps it and as the API shows it."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

from pydantic import BaseModel, ConfigDict, Field, field_validator
from sqlalchemy import CheckConstraint, DateTime, LargeBinary, Text, func
from sqlalchemy import Column as SqlColumn
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field as SqlField
from sqlmodel import SQLModel

from app.access.keys.lookup import KeyRow
from app.access.principal import Scope
from app.core.database.names import CATALOGUE_SCHEMA
from app.core.fields import RequestBody, UtcTime


class ApiKey(SQLModel, table=True):
    """A key with its scopes and datasets. Only the hash of its secret is stored; `datasets` is null for all of them."""

    __tablename__ = "api_key"
    __table_args__ = (
        CheckConstraint("scopes <@ ARRAY['read', 'write', 'admin'] AND cardinality(scopes) > 0", name="scopes"),
        {"schema": CATALOGUE_SCHEMA},
    )

    id: UUID = SqlField(default_factory=uuid4, primary_key=True)
    name: str = SqlField(sa_column=SqlColumn(Text, nullable=False))
    secret_hash: bytes = SqlField(sa_column=SqlColumn(LargeBinary, nullable=False))
    scopes: list[str] = SqlField(sa_column=SqlColumn(ARRAY(Text), nullable=False))
    datasets: list[str] | None = SqlField(default=None, sa_column=SqlColumn(ARRAY(Text)))
    expires_at: datetime | None = SqlField(default=None, sa_column=SqlColumn(DateTime(timezone=True)))
    revoked_at: datetime | None = SqlField(default=None, sa_column=SqlColumn(DateTime(timezone=True)))
    created_at: datetime = SqlField(
        default_factory=lambda: datetime.now(UTC),
        sa_column=SqlColumn(DateTime(timezone=True), nullable=False, server_default=func.now()),
    )

    @property
    def row(self) -> KeyRow:
        """The key as it is kept, apart from the session."""
        return KeyRow(**self.model_dump())


class ApiKeyCreate(RequestBody):
    """A new key: its name, scopes and datasets."""

    name: str = Field(min_length=1, max_length=200, examples=["website"])
    scopes: list[Scope] = Field(min_length=1, max_length=3, description="write implies read, admin implies both")
    datasets: list[str] | None = Field(
        None,
        min_length=1,
        max_length=1000,
        description="the datasets it is limited to, which need not exist yet; by default all of them",
    )
    expires_at: UtcTime | None = Field(None, description="when it stops working; by default never")

    @field_validator("expires_at")
    @classmethod
    def _is_in_the_future(cls, value: datetime | None) -> datetime | None:
        if value is not None and value <= datetime.now(UTC):
            raise ValueError("must be in the future")
        return value


class ApiKeyPublic(BaseModel):
    """A key as the API shows it, without its secret."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    scopes: list[Scope]
    datasets: list[str] | None
    expires_at: datetime | None
    revoked_at: datetime | None
    created_at: datetime


class ApiKeyCreated(ApiKeyPublic):
    """A new key with its text, shown this once."""

    key: str = Field(examples=["tolva_0b9c…_kW3v…"])
    warnings: list[str] = Field(
        default_factory=list, description="likely mistakes, such as the name of a dataset that does not exist"
    )
