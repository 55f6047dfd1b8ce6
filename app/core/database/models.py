"""The catalogue's rows of requests."""

from datetime import datetime

from sqlalchemy import Column as SqlColumn
from sqlalchemy import DateTime, Index, Text, func
from sqlmodel import Field, SQLModel

from app.core.database.names import CATALOGUE_SCHEMA


class DoneRequest(SQLModel, table=True):
    """A request that was done: the claim of its Idempotency-Key. See done_requests.py."""

    __tablename__ = "done_request"
    __table_args__ = (Index("done_request_done_at", "done_at"), {"schema": CATALOGUE_SCHEMA})

    claim: str = Field(sa_column=SqlColumn(Text, primary_key=True))
    done_at: datetime = Field(sa_column=SqlColumn(DateTime(timezone=True), nullable=False, server_default=func.now()))
