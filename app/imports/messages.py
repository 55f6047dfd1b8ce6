"""Messages that bring imports to the worker."""

from typing import Any, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from app.core.aws.messages import Message


class ImportQueued(Message):
    """An import whose file is in the bucket; it was put off before if it `takes_long`."""

    MEMBER: ClassVar = "import"
    type: Literal["import.queued"] = "import.queued"
    import_id: UUID = Field(alias="import")
    takes_long: bool = False


class ImportHandedOver(Message):
    """An import for a task of its own; the pipe that starts the task reads its id by the name `import`."""

    MEMBER: ClassVar = "import"
    type: Literal["import.handed_over"] = "import.handed_over"
    import_id: UUID = Field(alias="import")


class PicturesQueued(Message):
    """A batch of the pictures of an import's archive, for the queue of images."""

    MEMBER: ClassVar = "pictures_of"
    type: Literal["import.pictures"] = "import.pictures"
    import_id: UUID = Field(alias="pictures_of")
    batch: int


class FileFound(Message):
    """A file in the bucket whose arrival went unnoticed."""

    MEMBER: ClassVar = "object"
    type: Literal["file.found"] = "file.found"
    key: str = Field(alias="object")


class FilesArrived(Message):
    """Files that have arrived in the bucket, as S3 itself says it; its test message has no records."""

    MEMBER: ClassVar = "Records"
    type: Literal["files.arrived"] = "files.arrived"
    records: list[dict[str, Any]] = Field(alias="Records")
