"""An import as the catalogue keeps it and as the API shows it."""

from datetime import UTC, datetime
from typing import Any, Literal, Self
from uuid import UUID, uuid4

from pydantic import BaseModel, Field, field_serializer, field_validator, model_validator
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
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

from app.columns.column import Column, Name
from app.columns.conventions import Conventions
from app.columns.types.registry import TypeName
from app.core.aws.storage import PresignedUpload
from app.core.database.names import CATALOGUE_SCHEMA
from app.core.fields import NotNegative, Positive, RequestBody
from app.core.http.problem_documents import ProblemDocument
from app.core.http.uploads import Upload
from app.datasets.import_options import ImportOptions
from app.datasets.stores import MAX_KEY_COLUMNS
from app.imports.choices import MAX_CHOICES, ColumnChoice, check_choices

Mode = Literal["append", "upsert", "replace"]
OnReject = Literal["abort", "skip"]
Status = Literal["awaiting_upload", "queued", "running", "succeeded", "failed", "cancelled"]
Phase = Literal["reading", "inferring", "loading", "committing"]

FINISHED: tuple[Status, ...] = ("succeeded", "failed", "cancelled")
DETAIL_LIMIT = 100
UNUSED_SHOWN = 100
REJECTION_FIELDS = ("line", "record", "offset", "column", "value", "code", "message")
# The bucket's prefixes of announced files and of dropped ones.
UPLOADS, INBOX = "uploads/imports/", "inbox/"


def rejections_key(import_id: UUID) -> str:
    """The bucket's key of the full list of an import's rejections."""
    return f"rejections/{import_id}.csv"


def _json(default: str) -> Any:
    return SqlColumn(JSONB, nullable=False, server_default=text(f"'{default}'::jsonb"))


def _time() -> Any:
    return SqlColumn(DateTime(timezone=True))


class Import(SQLModel, table=True):
    """One CSV file on its way into one dataset. The dataset may be gone; its name is kept."""

    __tablename__ = "import"
    __table_args__ = (
        CheckConstraint(
            "status IN ('awaiting_upload', 'queued', 'running', 'succeeded', 'failed', 'cancelled')", name="status"
        ),
        CheckConstraint("phase IN ('reading', 'inferring', 'loading', 'committing')", name="phase"),
        CheckConstraint("mode IN ('append', 'upsert', 'replace')", name="mode"),
        CheckConstraint("on_reject IN ('abort', 'skip')", name="on_reject"),
        UniqueConstraint("object_key", "object_version", name="import_object_key"),
        Index("import_dataset_created", "dataset_id", "created_at"),
        Index("import_unfinished", "status", postgresql_where=text("status IN ('queued', 'running')")),
        {"schema": CATALOGUE_SCHEMA},
    )

    id: UUID = SqlField(default_factory=uuid4, primary_key=True)
    dataset_id: UUID | None = SqlField(
        None, sa_column=SqlColumn(ForeignKey(f"{CATALOGUE_SCHEMA}.dataset.id", ondelete="SET NULL"))
    )
    dataset_name: str = SqlField(sa_column=SqlColumn(Text, nullable=False))
    status: str = SqlField(default="awaiting_upload", sa_column=SqlColumn(Text, nullable=False))
    phase: str | None = SqlField(default=None, sa_column=SqlColumn(Text))
    mode: str = SqlField(default="append", sa_column=SqlColumn(Text, nullable=False))
    on_reject: str = SqlField(default="abort", sa_column=SqlColumn(Text, nullable=False))
    max_rejections: int | None = SqlField(default=None, sa_column=SqlColumn(BigInteger))
    dry_run: bool = SqlField(default=False, sa_column=SqlColumn(Boolean, nullable=False))
    allow_empty: bool = SqlField(default=False, sa_column=SqlColumn(Boolean, nullable=False))
    options: dict[str, Any] = SqlField(default_factory=dict, sa_column=_json("{}"))
    choices: list[dict[str, Any]] = SqlField(default_factory=list, sa_column=_json("[]"))
    key: list[str] | None = SqlField(default=None, sa_column=SqlColumn(ARRAY(Text)))
    infer_again: bool = SqlField(
        default=False, sa_column=SqlColumn(Boolean, nullable=False, server_default=text("false"))
    )

    file_name: str = SqlField(sa_column=SqlColumn(Text, nullable=False))
    file_size: int | None = SqlField(default=None, sa_column=SqlColumn(BigInteger))
    object_key: str = SqlField(sa_column=SqlColumn(Text, nullable=False))
    object_version: str | None = SqlField(default=None, sa_column=SqlColumn(Text))

    # Of a file that is uploaded in parts: the id of its upload in the bucket, and how large a part is.
    parts: dict[str, Any] | None = SqlField(default=None, sa_column=SqlColumn(JSONB(none_as_null=True)))

    dialect: dict[str, Any] = SqlField(default_factory=dict, sa_column=_json("{}"))
    columns: list[dict[str, Any]] = SqlField(default_factory=list, sa_column=_json("[]"))
    progress: dict[str, Any] = SqlField(default_factory=dict, sa_column=_json("{}"))
    result: dict[str, Any] | None = SqlField(default=None, sa_column=SqlColumn(JSONB(none_as_null=True)))
    renamed: dict[str, Any] = SqlField(default_factory=dict, sa_column=_json("{}"))
    warnings: list[str] = SqlField(default_factory=list, sa_column=_json("[]"))
    totals: list[dict[str, Any]] = SqlField(default_factory=list, sa_column=_json("[]"))
    rejections: list[dict[str, Any]] = SqlField(default_factory=list, sa_column=_json("[]"))
    problem: dict[str, Any] | None = SqlField(default=None, sa_column=SqlColumn(JSONB(none_as_null=True)))
    images: dict[str, Any] | None = SqlField(default=None, sa_column=SqlColumn(JSONB(none_as_null=True)))

    # The worker with `lease` works on the import until `lease_until`; `attempts` counts the workers that started it.
    lease: UUID | None = SqlField(default=None)
    lease_until: datetime | None = SqlField(default=None, sa_column=_time())
    attempts: int = SqlField(default=0, sa_column=SqlColumn(Integer, nullable=False, server_default="0"))
    created_at: datetime = SqlField(
        default_factory=lambda: datetime.now(UTC),
        sa_column=SqlColumn(DateTime(timezone=True), nullable=False, server_default=func.now()),
    )
    started_at: datetime | None = SqlField(default=None, sa_column=_time())
    finished_at: datetime | None = SqlField(default=None, sa_column=_time())


class ImportCreate(RequestBody):
    """A file to be imported: what it is called and what is to happen to its rows."""

    filename: str = Field(
        min_length=1,
        max_length=200,
        examples=["products.csv"],
        json_schema_extra={"pattern": r"^[^/\\\u0000-\u001f\u007f]+$"},
    )
    size: NotNegative | None = Field(None, description="in bytes; signed into the upload")
    in_parts: bool = Field(
        False,
        description="upload the file, whose `size` is given, in parts; a file that is too large for one is",
    )
    mode: Mode = "append"
    on_reject: OnReject = "abort"
    max_rejections: NotNegative | None = Field(
        None, description="with skip: more rejected rows than this fail the import"
    )
    dry_run: bool = False
    allow_empty: bool = Field(False, description="let replace leave the dataset without records")
    options: ImportOptions = Field(
        default_factory=ImportOptions,
        description="the file's format; members left out come from the dataset's `import_options`, or are detected",
    )
    columns: list[ColumnChoice] = Field(
        default_factory=list,
        max_length=MAX_CHOICES,
        description="options of single columns of the file; the others are inferred, or the dataset's",
        examples=[
            [{"label": "Unit price", "name": "price", "type": "decimal", "min": 0}, {"label": "Notes", "omit": True}]
        ],
    )
    key: list[Name] | None = Field(
        None,
        max_length=MAX_KEY_COLUMNS,
        description="the key columns, if the file determines the dataset's columns; empty: records "
        "are numbered; left out: the likeliest column",
    )
    infer_again: bool = Field(
        False, description="with replace: determine the dataset's columns from this file, as if it were the first one"
    )

    @field_validator("filename")
    @classmethod
    def _is_file_name(cls, value: str) -> str:
        if "/" in value or "\\" in value or not value.isprintable() or value in (".", ".."):
            raise ValueError("must be a file's name, without a folder")
        return value

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        check_choices(self.columns)
        if self.in_parts and self.size is None:
            raise ValueError("`in_parts` needs `size`")
        if self.infer_again and self.mode != "replace":
            raise ValueError("`infer_again` goes with mode=replace: the records that are there would not fit")
        if self.key and len(set(self.key)) != len(self.key):
            raise ValueError("`key` names a column twice")
        return self


class FilePublic(BaseModel):
    name: str
    size: int | None
    version: str | None


class Progress(BaseModel):
    """The progress of an import: bytes of the file as stored, rows, rows a second and the estimated seconds left."""

    bytes: int = 0
    bytes_total: int | None = None
    rows_read: int = 0
    rows_loaded: int = 0
    rows_rejected: int = 0
    rate: float | None = None
    seconds_left: float | None = None
    pictures: int | None = Field(None, description="pictures of an archive that are checked, before its rows are read")
    pictures_total: int | None = None


class Result(BaseModel):
    added: int = 0
    changed: int = 0
    unchanged: int = 0


class Total(BaseModel):
    column: str | None
    code: str
    count: int


class Rejection(BaseModel):
    """One cell or row that was not accepted: `line` in which its record begins, `record` from 1, `offset` in bytes."""

    line: int
    record: int
    offset: int
    column: str | None
    value: str | None
    code: str
    message: str


class ImageReport(BaseModel):
    """The images of a file: how many cells name one, how many are not accepted and why, and which pictures that came
    with the file no cell names."""

    matched: int
    missing: int = Field(description="cells that no image is called by, those that were made null among them")
    ambiguous: int = Field(description="cells that could be the name of several images")
    rejected: int = Field(description="cells that name a picture which was not accepted")
    unused: int = Field(description="pictures that came with the file and that no cell names")
    unused_first: list[str] = Field(description=f"the first {UNUSED_SHOWN} of these")


class Misfit(BaseModel):
    """The first value that a type does not hold, and its line."""

    line: int
    value: str


class Candidate(Conventions):
    """A type that a column could have, with the settings that would read it: how many of its values fit, how many do
    not, and the first of these."""

    type: TypeName
    precision: int | None = None
    scale: int | None = None
    fits: int
    misfits: int
    misfit: Misfit | None = None


class ImportedColumn(Column):
    """A column of the read file; `evidence` is the reason of its type, if that was inferred, and `candidates` are the
    types that it nearly has, the best first."""

    evidence: list[str] = Field(default_factory=list)
    candidates: list[Candidate] = Field(default_factory=list)


class UploadParts(BaseModel):
    """The parts of an upload, numbered from 1: each has `part_bytes` but for the last one."""

    part_bytes: int
    count: int


class ArrivedPart(BaseModel):
    """A part that has arrived; `etag` is the MD5 of its bytes, unless the bucket encrypts with a key of KMS."""

    part: int
    size: int
    etag: str


class ArrivedParts(UploadParts):
    """The parts of an upload of a file of `size` bytes, and those that have arrived."""

    size: int
    data: list[ArrivedPart]


class PartsWanted(RequestBody):
    """The numbers of parts that are to be uploaded."""

    parts: list[Positive] = Field(min_length=1, max_length=100, examples=[[1, 2, 3]])


class PartUpload(BaseModel):
    """The request that uploads a part: send it with these headers and the part as its body."""

    part: int
    size: int
    method: str
    url: str
    headers: dict[str, str]
    expires_at: datetime

    @classmethod
    def of(cls, part: int, size: int, presigned: PresignedUpload) -> "PartUpload":
        """The request that a presigned URL is for."""
        return cls(part=part, size=size, **vars(presigned))


class PartUploads(BaseModel):
    """The requests that upload parts."""

    data: list[PartUpload]


class ImportPublic(BaseModel):
    """An import as the API shows it."""

    id: UUID
    dataset: str
    status: Status
    phase: Phase | None
    mode: Mode
    on_reject: OnReject
    max_rejections: int | None
    dry_run: bool
    allow_empty: bool
    options: dict[str, Any]
    choices: list[dict[str, Any]] = Field(description="the column options from when the file was announced")
    key: list[str] | None = Field(description="the key from when the file was announced")
    infer_again: bool
    file: FilePublic
    dialect: dict[str, Any]
    columns: list[ImportedColumn]
    progress: Progress
    result: Result | None
    renamed: dict[str, str | list[str]] = Field(
        description="the columns whose name differs from their header, by header; several if the header is repeated"
    )
    warnings: list[str]
    totals: list[Total]
    rejections: list[Rejection]
    problem: ProblemDocument | None = Field(description="why it failed")
    images: ImageReport | None = Field(None, description="null for a file without columns of images, and no pictures")
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @classmethod
    def of(cls, row: Import) -> "ImportPublic":
        """The public face of a row of the catalogue."""
        members = row.model_dump(include=set(cls.model_fields))
        file = FilePublic(name=row.file_name, size=row.file_size, version=row.object_version)
        # They were columns when the import ran, even if the rules for columns have changed.
        columns = [ImportedColumn.model_construct(**column) for column in row.columns]
        # The catalogue does not keep the order of an object's members.
        places = {column.name: place for place, column in enumerate(columns)}
        renamed = dict(sorted(row.renamed.items(), key=lambda pair: places.get(_first(pair[1]), 0)))
        named = {"dataset": row.dataset_name, "file": file, "columns": columns, "renamed": renamed}
        return cls.model_validate(members | named)

    @field_serializer("columns")
    def _show_columns(self, columns: list[ImportedColumn]) -> list[dict[str, Any]]:
        # The catalogue's JSON contains no models.
        return [column.model_dump(mode="json", exclude_none=True, warnings=False) for column in columns]

    @field_serializer("problem")
    def _show_problem(self, problem: ProblemDocument | None) -> dict[str, Any] | None:
        return problem.model_dump(exclude_none=True) if problem else None


def _first(names: str | list[str]) -> str:
    return names if isinstance(names, str) else names[0]


class ImportCreated(ImportPublic):
    upload: Upload | None = Field(description="null if the file came with the request, or comes in parts")
    parts: UploadParts | None = Field(description="the parts to upload, by POST /imports/{import}/parts; else null")
