"""Uploads: the request that brings a file to the bucket, as bodies show it."""

from datetime import datetime

from pydantic import BaseModel

from app.core.aws.storage import PresignedUpload


class Upload(BaseModel):
    """The request that uploads the file: send it with these headers and the file as its body."""

    method: str
    url: str
    headers: dict[str, str]
    fields: dict[str, str]
    expires_at: datetime

    @classmethod
    def of(cls, presigned: PresignedUpload) -> "Upload":
        """The request that a presigned URL is for."""
        return cls(
            method=presigned.method,
            url=presigned.url,
            headers=presigned.headers,
            fields={},
            expires_at=presigned.expires_at,
        )
