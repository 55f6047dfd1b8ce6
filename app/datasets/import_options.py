"""Options: the file's format, for anything that Tolva should not detect.

Pure: no I/O, and free of the libraries that only the worker loads.
"""

import codecs
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    StrictBool,
    StrictInt,
    field_validator,
)

from app.columns.conventions import MAX_NULLS, MAX_UNITS, DecimalSeparator, ThousandsSeparator, Unit
from app.columns.date_formats import is_date_format
from app.core.fields import fits

# ASCII but NUL and the line ends.
_ONE_BYTE: dict[str, JsonValue] = {"pattern": r"^[\u0001-\u0009\u000b\u000c\u000e-\u007f]?$"}


# Each character is written the same wherever it stands: what has states, as ISO-2022, has no places of records. What
# Other codecs of Python, such as punycode and unicode_escape, are not for files.
ENCODINGS = (
    *("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "ascii"),
    *(f"iso8859-{part}" for part in (*range(1, 12), *range(13, 17))),
    *(f"cp{page}" for page in range(1250, 1259)),
    *("cp437", "cp720", "cp737", "cp775", "cp850", "cp852", "cp855", "cp856", "cp857", "cp858", "cp860", "cp861"),
    *("cp862", "cp863", "cp864", "cp865", "cp866", "cp869", "cp874", "cp1006", "cp1125", "tis-620", "hp-roman8"),
    *("cp037", "cp273", "cp424", "cp500", "cp875", "cp1026", "cp1140"),
    *("koi8-r", "koi8-t", "koi8-u", "kz1048", "ptcp154", "palmos"),
    *(f"mac-{script}" for script in ("arabic", "croatian", "cyrillic", "farsi", "greek", "iceland", "latin2", "roman")),
    *("mac-romanian", "mac-turkish"),
    *("shift_jis", "shift_jis_2004", "shift_jisx0213", "cp932", "euc_jp", "euc_jis_2004", "euc_jisx0213"),
    *("big5", "big5hkscs", "cp950", "gb2312", "gbk", "gb18030", "euc_kr", "cp949", "johab"),
)


def _codec_name(value: str) -> str | None:
    try:
        return codecs.lookup(value).name if value.isascii() else None
    except (LookupError, ValueError):
        return None


def _whole(value: Any) -> Any:
    """In JSON, 2.0 is an integer too."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


class ImportOptions(BaseModel):
    """The file's format. Members that you leave out are detected and reported."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    delimiter: str | None = Field(
        None, min_length=1, max_length=1, description="such as , or ; or a tab", json_schema_extra=_ONE_BYTE
    )
    quote: str | None = Field(None, max_length=1, description='such as "; empty for none', json_schema_extra=_ONE_BYTE)
    escape: str | None = Field(
        None, max_length=1, description="such as \\; empty for none: a quote is doubled", json_schema_extra=_ONE_BYTE
    )
    encoding: str | None = Field(None, max_length=60, description="such as utf-8, cp1252, utf-16, shift_jis")
    compression: Literal["none", "gzip", "zstd"] | None = None
    header: StrictBool | Annotated[StrictInt, BeforeValidator(_whole), AfterValidator(fits)] | None = Field(
        None, description="true, false, or the header's line, from 1", json_schema_extra={"minimum": 1}
    )
    nulls: list[str] | None = Field(None, max_length=MAX_NULLS, description="strings that stand for null, such as NA")
    quoted_nulls: bool = Field(False, description="let the strings of `nulls` stand for null even if they are quoted")
    booleans: tuple[str, str] | None = Field(None, description="the words for true and for false, such as [yes, no]")
    date_format: dict[str, str] | None = Field(
        None, description="format of each column, by its header or name, such as DD/MM/YYYY, DD/MM/YY or YYYYMMDD"
    )
    decimal_separator: DecimalSeparator | None = None
    thousands_separator: ThousandsSeparator | None = None
    units: list[Unit] | None = Field(
        None, max_length=MAX_UNITS, description="text before or after numbers that is left out, such as $ or %"
    )
    timezone: str | None = Field(None, description="of times without one, such as Europe/Madrid; UTC by default")
    lenient_quotes: bool = Field(False, description="keep stray quotes instead of rejecting the record")
    pad_short_rows: bool = Field(False, description="fill a record that ends early with nulls")
    missing_images: Literal["reject", "null"] | None = Field(
        None, description="of a cell that names no image: reject its record, which is the default, or make it null"
    )

    @property
    def said(self) -> dict[str, JsonValue]:
        """The given members as JSON, including null, which means: detect it."""
        return self.model_dump(mode="json", exclude_unset=True)

    @property
    def given(self) -> dict[str, JsonValue]:
        """The given members as JSON."""
        return {name: value for name, value in self.said.items() if value is not None}

    def changed_by(self, other: "ImportOptions") -> "ImportOptions":
        """These options with what another's say instead; null leaves a member to be detected."""
        return ImportOptions.model_validate(self.given | other.said)

    @field_validator("delimiter", "quote", "escape")
    @classmethod
    def _is_one_byte(cls, value: str | None) -> str | None:
        if value and (not value.isascii() or value in "\r\n\0"):
            raise ValueError("must be one ASCII character and no line end")
        return value

    @field_validator("encoding")
    @classmethod
    def _is_text_encoding(cls, value: str | None) -> str | None:
        if value is None or _codec_name(value) in ENCODINGS:
            return value
        raise ValueError(f"'{value[:60]}' is no encoding of text; use one of {', '.join(ENCODINGS)}")

    @field_validator("header")
    @classmethod
    def _is_line(cls, value: bool | int | None) -> bool | int | None:
        if isinstance(value, int) and not isinstance(value, bool) and value < 1:
            raise ValueError("must be true, false or a line number from 1")
        return value

    @field_validator("date_format")
    @classmethod
    def _are_date_formats(cls, value: dict[str, str] | None) -> dict[str, str] | None:
        for text in (value or {}).values():
            if not is_date_format(text):
                raise ValueError(f"'{text}' is no date format; write YYYY or YY, MM or MON, and DD, as DD/MM/YYYY")
        return value

    @field_validator("timezone")
    @classmethod
    def _is_timezone(cls, value: str | None) -> str | None:
        if value is not None and value not in available_timezones():
            raise ValueError(f"'{value}' is no time zone; use one as Europe/Madrid")
        return value
