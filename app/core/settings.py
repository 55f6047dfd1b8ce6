"""Settings, read once from the environment."""

import os
import re
from functools import cache
from pathlib import Path

from pydantic import AwareDatetime, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.core.origins import parse_origins
from app.core.strict_json import MAX_DOCUMENT_BYTES
from app.core.validation import misfits_of_members

MIB = 1024 * 1024
MIN_ADMIN_KEY_LENGTH = 24
# PostgreSQL's 1,600, less the additional ones of an import's stage.
MAX_COLUMNS = 1597
# What the credentials of a Lambda function sign ends with them, and nobody says when that is.
MAX_LAMBDA_SECONDS = 3600
# Without a user's name, a query or a fragment; the path ends with no slash.
_ADDRESS = re.compile(r"https?://[^\s/?#@\"'<>\\]+(/[^\s/?#\"'<>\\]+)*")


def in_lambda() -> bool:
    """Return whether this process runs in Lambda."""
    return "AWS_LAMBDA_FUNCTION_NAME" in os.environ


class SettingsInvalid(Exception):
    """A setting is missing or unsafe; the message names every variable and what it should be."""


class Settings(BaseSettings):
    """Everything that can be set, from `TOLVA_…` variables. AWS clients read `AWS_…` themselves."""

    model_config = SettingsConfigDict(env_prefix="TOLVA_", frozen=True, extra="ignore", env_ignore_empty=True)

    database_url: str = Field(description="postgresql://user:password@host:port/database, or a socket's path in ?host=")
    reader_url: str | None = Field(None, description="the reader endpoint, for reads that may lag")
    read_only: bool = Field(
        False, description="refuse every write: for a secondary region, until its database is promoted"
    )
    database_iam: bool = Field(False, description="log in to the database with an IAM token instead of a password")
    database_ca_file: Path | None = Field(
        None, description="a file of certificate authorities: the database's certificate must be of one, for its host"
    )
    bucket: str = Field(description="the S3 bucket for uploads and reports", min_length=3)
    queue_url: str = Field(description="the SQS queue that the bucket announces new objects to")
    table: str = Field(description="the DynamoDB table", min_length=3)
    admin_key: SecretStr | None = Field(None, description="a key with every scope, to create the first keys")
    master_password: SecretStr | None = Field(
        None, description="password of the database's master user; the migration uses it to create Tolva's own user"
    )

    origin_secret: SecretStr | None = Field(
        None,
        description="the secret that CloudFront sends to the function's URL; others are refused",
    )
    root_path: str = Field("", description="the path that the gateway strips, such as /prod")
    public_url: str | None = Field(
        None,
        description="the address under which clients reach the API, such as https://api.example.com; records show the "
        "URLs of images under it, and paths alone without it",
    )
    cors_origins: str = Field(
        "",
        description="origins whose pages may call from a browser, separated by commas, such as "
        "https://app.example.com, http://localhost:* or https://*.example.com; or * alone",
    )
    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR")
    log_bytes: int = Field(
        10 * MIB, ge=1024, description="the size at which tolva dev starts a new log; it keeps the last three"
    )
    release: str = Field("unknown", min_length=1, description="the release name in the error metric")

    database_pool_size: int = Field(5, ge=1, le=100, description="the most database connections of one process")
    connect_timeout_seconds: float = Field(10, gt=0, description="how long a request waits for a new connection")
    network_timeout_seconds: float = Field(
        15, ge=1, description="how long a database connection may be silent before it is closed"
    )
    statement_timeout_seconds: float = Field(20, gt=0, description="the longest one SQL statement of a request may run")
    lock_timeout_seconds: float = Field(3, gt=0, description="how long a request waits for a lock")
    change_timeout_seconds: float = Field(25, gt=0, description="the longest a change of a dataset's columns may take")
    max_body_bytes: int = Field(MIB, ge=1024, description="the largest request body")
    max_document_bytes: int = Field(
        MAX_DOCUMENT_BYTES, ge=1024, description="the largest JSON document, its numbers written in full"
    )
    max_head_bytes: int = Field(
        2 * MIB, ge=16_384, description="the longest URL with its headers that tolva dev accepts"
    )
    max_connections: int = Field(500, ge=1, description="the most connections that tolva dev has at a time")
    request_seconds: float = Field(
        30, gt=0, description="how long a request may take to arrive at tolva dev, its body included"
    )
    max_response_bytes: int = Field(
        6_000_000, ge=1024, description="the largest response of a Lambda function, as encoded there; others go to S3"
    )
    answer_expiry_seconds: int = Field(
        300, ge=10, le=3600, description="how long the URL of a response is valid that was too large for a function"
    )
    max_documented_datasets: int = Field(
        200, ge=0, le=10_000, description="the most datasets that /openapi.json describes; beyond, it is an index"
    )
    max_openapi_bytes: int = Field(
        20 * MIB,
        ge=1024,
        description="the largest /openapi.json, not compressed; what would be larger is an index",
    )
    max_indexed_datasets: int = Field(
        10_000, ge=1, le=20_000, description="the most datasets that the index in /openapi.json lists"
    )
    max_page_size: int = Field(1000, ge=1, description="the largest _limit")
    max_query_terms: int = Field(100, ge=1, le=1000, description="the most conditions, sorts or results of one query")
    max_query_depth: int = Field(8, ge=1, le=100, description="how deep the conditions of one query may be nested")
    max_query_text: int = Field(10_000, ge=100, description="the longest text in a query, in characters")
    max_list_values: int = Field(5000, ge=1, description="the most values in one list of a query")
    max_keys: int = Field(100, ge=1, le=10_000, description="the most keys of one request")
    max_export_records: int = Field(10_000_000, ge=1, description="the most records of one export")
    max_export_bytes: int = Field(4 * 1024 * MIB, ge=1024, description="the largest export")
    export_timeout_seconds: float = Field(900, gt=0, description="the longest an export may take")
    slow_query_seconds: float = Field(0.5, ge=0, description="queries slower than this warn that no index serves them")
    max_slow_reads: int = Field(
        16, ge=1, le=1000, description="the most slow reads of a database at a time: filters, searches, aggregates"
    )
    max_running_exports: int = Field(8, ge=1, le=1000, description="the most exports of a database at a time")
    slow_read_wait_seconds: float = Field(
        2, ge=0, le=20, description="how long a slow read or an export waits until fewer of them run"
    )
    example_seconds: float = Field(
        300, ge=0, description="how long examples in the API documents are cached, in seconds"
    )
    max_written_records: int = Field(1000, ge=1, description="the most records that one request may add")
    idempotency_ttl_seconds: int = Field(
        86_400, ge=60, description="how long the response for an Idempotency-Key is stored"
    )
    idempotency_lease_seconds: int = Field(
        60, ge=1, description="how long a request that died holds its Idempotency-Key"
    )
    idempotency_patience_seconds: float = Field(
        10, ge=0, le=25, description="how long a response waits to be stored while the table is unavailable"
    )
    keyvalue_cache_seconds: float = Field(
        1, ge=0, le=30, description="how long a process caches what it knows of a key-value dataset or a key"
    )
    keyvalue_trust_seconds: int = Field(
        600,
        ge=0,
        le=86_400,
        description="how long a process trusts the table's copy of the database's keys and datasets",
    )
    keyvalue_trust_from: AwareDatetime | None = Field(
        None,
        description="after a restore: copies older than this time are not trusted, such as 2026-01-31T08:00:00Z",
    )
    keyvalue_retire_seconds: int = Field(
        60, ge=1, description="how long replaced records of a key-value dataset are kept"
    )
    keyvalue_concurrency: int = Field(
        16, ge=1, le=64, description="batches that an import writes at the same time to a key-value dataset"
    )
    max_image_search_records: int = Field(
        100_000,
        ge=1,
        description="the most records of key-value datasets that the deletion of an image looks through for its uses",
    )
    keyvalue_patience_seconds: float = Field(
        90, ge=0, description="how long an import waits for a key-value table that is unavailable"
    )

    upload_expiry_seconds: int = Field(
        3600, ge=60, le=604_800, description="how long an upload URL is valid, in Lambda 3,600 at most"
    )
    max_single_upload_bytes: int = Field(
        5 * 1024 * MIB,
        ge=1,
        le=5 * 1024 * MIB,
        description="the largest file that one request uploads",
    )
    part_bytes: int = Field(
        64 * MIB,
        ge=5 * MIB,
        le=5 * 1024 * MIB,
        description="the size of a part of an upload, of which there are 10,000 at most",
    )
    max_file_bytes: int = Field(5 * 1024 * MIB, ge=1, description="the largest file an import accepts, as uploaded")
    max_unpacked_bytes: int = Field(
        32 * 1024 * MIB, ge=1024, description="the largest size of a compressed file once it is decompressed"
    )
    max_unpacked_ratio: int = Field(
        200, ge=1, description="how many times its size a compressed file may become, beyond its first 64 MiB"
    )
    max_field_bytes: int = Field(4 * MIB, ge=1024, description="the largest field a file may hold")
    max_columns: int = Field(MAX_COLUMNS, ge=1, le=MAX_COLUMNS, description="the most columns a dataset may have")
    max_indexes: int = Field(32, ge=1, le=500, description="the most indexes a dataset may declare")
    max_long_imports: int = Field(
        2, ge=1, description="the most imports of files over 1 MiB that run at a time; smaller ones go first"
    )
    inbox_search_files: int = Field(
        50_000, ge=1000, description="the most files in inbox/ that one recovery looks at; the next one continues there"
    )
    max_image_bytes: int = Field(
        50 * MIB, ge=1, le=5 * 1024 * MIB, description="the largest file an image may have, as uploaded"
    )
    retry_seconds: int = Field(
        30, ge=1, le=43_200, description="how long a message that failed waits for its next attempt; then twice as long"
    )
    max_retry_seconds: int = Field(
        900, ge=1, le=43_200, description="the longest that a message that failed waits for its next attempt"
    )
    large_imports: str | None = Field(
        None, description="the SQS queue of imports that would outlast a Lambda function; a task takes each of them"
    )
    import_rate: int = Field(
        4_000_000, ge=1, description="bytes of a file that an import loads in a second, until a worker has measured it"
    )
    keyvalue_import_rate: int = Field(500_000, ge=1, description="the same for a key-value dataset")
    images_queue_url: str | None = Field(
        None, description="the SQS queue that the bucket announces new pictures to; without it none are checked"
    )
    max_image_pixels: int = Field(64_000_000, ge=1, description="the most pixels that a picture or a frame of it has")
    max_image_side: int = Field(16_383, ge=1, le=65_535, description="the most pixels that a side of a picture has")
    max_image_frames: int = Field(500, ge=1, description="the most frames of an animation")
    max_animation_pixels: int = Field(
        100_000_000, ge=1, description="the most pixels that the frames of an animation have together"
    )
    max_image_edge: int = Field(
        2560, ge=64, le=16_383, description="the longer side of the copy that variants of a picture come from"
    )
    image_check_seconds: float = Field(20, gt=0, description="the longest that the check of a picture may take")
    image_check_bytes: int = Field(
        1536 * MIB, ge=256 * MIB, description="the most memory that the process has which checks a picture"
    )
    image_processes: int = Field(
        0,
        ge=0,
        le=64,
        description="the most pictures that a process decodes at a time; 0: as many as it has cores",
    )
    max_archive_pictures: int = Field(
        10_000, ge=1, le=100_000, description="the most pictures that a zip archive of an import may have"
    )
    pictures_wait_seconds: int = Field(
        900, ge=1, description="how long an import waits for pictures of which none gets checked meanwhile"
    )
    lease_seconds: int = Field(30, ge=2, description="how long a worker that stops reporting keeps its import")
    import_timeout_seconds: float = Field(6 * 3600, gt=0, description="the longest an import may run")

    @field_validator("database_url", "reader_url")
    @classmethod
    def _is_postgresql(cls, value: str | None) -> str | None:
        if value is None:
            return None
        scheme, separator, rest = value.partition("://")
        if scheme not in ("postgresql", "postgres") or not separator or not rest:
            raise ValueError("must begin with postgresql://")
        return value

    @field_validator("database_ca_file")
    @classmethod
    def _is_readable(cls, value: Path | None) -> Path | None:
        if value is not None and not os.access(value, os.R_OK):
            raise ValueError("must be a file that can be read")
        return value

    @field_validator("admin_key")
    @classmethod
    def _is_long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < MIN_ADMIN_KEY_LENGTH:
            raise ValueError(f"must have at least {MIN_ADMIN_KEY_LENGTH} characters: it opens everything")
        return value

    @field_validator("origin_secret")
    @classmethod
    def _is_no_guess(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < MIN_ADMIN_KEY_LENGTH:
            raise ValueError(f"must have at least {MIN_ADMIN_KEY_LENGTH} characters: it keeps others out")
        return value

    @field_validator("cors_origins")
    @classmethod
    def _are_origins(cls, value: str) -> str:
        parse_origins(value)
        return value

    @field_validator("log_level")
    @classmethod
    def _is_level(cls, value: str) -> str:
        if value.upper() not in ("DEBUG", "INFO", "WARNING", "ERROR"):
            raise ValueError("must be DEBUG, INFO, WARNING or ERROR")
        return value.upper()

    @field_validator("upload_expiry_seconds")
    @classmethod
    def _ends_with_credentials(cls, value: int) -> int:
        if in_lambda() and value > MAX_LAMBDA_SECONDS:
            raise ValueError(f"must be {MAX_LAMBDA_SECONDS:,} or less in Lambda: a URL ends with the credentials there")
        return value

    @field_validator("public_url")
    @classmethod
    def _is_address(cls, value: str | None) -> str | None:
        if value is not None and _ADDRESS.fullmatch(value) is None:
            raise ValueError("must be an address as https://api.example.com: no / at its end, no query, no #")
        return value

    @field_validator("root_path")
    @classmethod
    def _is_path(cls, value: str) -> str:
        if value and (not value.startswith("/") or value.endswith("/")):
            raise ValueError("must begin with / and not end with one")
        return value

    @property
    def base_url(self) -> str:
        """The beginning of the URLs that answers show: never a request's own host, which its sender chooses."""
        return self.public_url or self.root_path


@cache
def get_settings() -> Settings:
    """The process's settings.

    Raises:
        SettingsInvalid: a variable is missing or has a value that cannot be used.
    """
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsInvalid(_explain(error)) from None


def _explain(error: ValidationError) -> str:
    lines = ["Tolva cannot start: its settings are incomplete or unsafe."]
    for misfit in misfits_of_members(error, with_values=False):
        name = str(misfit.path[0])
        description = Settings.model_fields[name].description
        lines.append(f"  TOLVA_{name.upper()}: {misfit.message.removeprefix('it ')} ({description})")
    return "\n".join(lines)
