"""The upload of pictures: some at a time, then the wait until each is checked."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from app.cli.images.pictures import Picture
from app.client.api import ApiError, Client, CommandError, UploadFailed, send_bytes

Document = dict[str, Any]

AT_A_TIME = 4
POLL_SECONDS = 0.2
# A check takes seconds; pictures before it in the queue may take longer.
PATIENCE_SECONDS = 600.0
WAITING = ("awaiting_upload", "checking")


@dataclass(frozen=True)
class Uploaded:
    """The outcome for a picture: its image, or the failure; `unchanged` if the same file was there before."""

    picture: Picture
    image: Document | None = None
    failure: str | None = None
    unchanged: bool = False

    @property
    def state(self) -> str:
        """The outcome in a word."""
        if self.image is None:
            return "failed"
        return "unchanged" if self.unchanged else str(self.image["status"])

    @property
    def reason(self) -> str | None:
        """The reason for which there is no image to show, None if there is one."""
        if self.image is None:
            return self.failure
        problem = self.image["problem"]
        if problem is not None:
            return str(problem["message"])
        return "it is still being checked" if self.image["status"] in WAITING else None


class ImageUpload:
    """Uploads pictures for one dataset, or for all if none is named."""

    def __init__(self, client: Client, dataset: str | None, sent: Callable[[int], None]) -> None:
        self._client = client
        self._dataset = dataset
        self._sent = sent

    def run(self, pictures: Sequence[Picture], alt: str | None = None) -> Iterator[Uploaded]:
        """Upload pictures; gives the outcome of each, in their order, once it is checked."""
        with ThreadPoolExecutor(AT_A_TIME) as threads:
            yield from threads.map(lambda picture: self._take(picture, alt), pictures)

    def _take(self, picture: Picture, alt: str | None) -> Uploaded:
        try:
            digest = picture.sha256()
            known = self._find_same(picture, digest)
            if known is not None:
                self._sent(picture.size)
                return Uploaded(picture, known, unchanged=True)
            return Uploaded(picture, self._wait(self._upload(picture, digest, alt)))
        except (ApiError, UploadFailed) as error:
            return Uploaded(picture, failure=str(error))

    def _find_same(self, picture: Picture, digest: str) -> Document | None:
        """The ready image of the same file under the same name."""
        parameters = [("filename", picture.filename), ("status", "ready")]
        parameters += [("dataset", self._dataset)] if self._dataset is not None else []
        found = self._client.list_all("/images", parameters=parameters)
        same = (image for image in found if image["sha256"] == digest and image["dataset"] == self._dataset)
        return next(same, None)

    def _upload(self, picture: Picture, digest: str, alt: str | None) -> str:
        body = {"filename": picture.filename, "size": picture.size, "sha256": digest}
        body |= {name: value for name, value in (("dataset", self._dataset), ("alt", alt)) if value is not None}
        made = self._client.request("POST", "/images", body=body)
        try:
            with picture.path.open("rb") as file:
                send_bytes(made["upload"], file, picture.size, self._sent)
        except OSError as error:
            raise CommandError(f"'{picture.path}' cannot be read: {error.strerror}.") from None
        return str(made["id"])

    def _wait(self, image: str) -> Document:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            document = self._client.request("GET", f"/images/{image}")
            if document["status"] not in WAITING or time.monotonic() > deadline:
                return document
            time.sleep(POLL_SECONDS)
