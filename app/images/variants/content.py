"""The answers to requests for pictures, from the mirror and the bucket alone: no database is asked."""

import re
import time
from collections import OrderedDict
from collections.abc import Sequence
from secrets import compare_digest

from starlette.requests import Request
from starlette.responses import Response

from app.core.aws.storage import presign_download
from app.core.errors import Problem, ServiceUnavailable
from app.core.http.problems import render_problem
from app.core.settings import get_settings
from app.images.check.limits import Master, master_size
from app.images.errors import ImageNotFound
from app.images.mirror import MirroredImage, find_image
from app.images.variants.ladder import MEDIA_TYPES, Shape, output_of, parse_query
from app.images.variants.stock import Stock, Wanted

IMMUTABLE = "public, max-age=31536000, immutable"
MOVED = "public, max-age=60"
# A picture runs nothing and frames nothing, and any page may show it.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Content-Type-Options": "nosniff",
}
MOST_KNOWN = 10_000
_ID = re.compile("img_[0-9a-f]{20}")


class Content:
    """Answers requests whose URL has a version; answers of more than `most_bytes` lead to the bucket."""

    def __init__(self, stock: Stock, most_bytes: int | None = None) -> None:
        self.stock = stock
        self._most = most_bytes
        self._known = KnownImages()

    async def respond(self, request: Request, image: str, given: Sequence[tuple[str, str]]) -> Response:
        """The answer to a request for a variant by the parameters of its URL, a problem too."""
        try:
            return await self._respond(request, image, given)
        except ServiceUnavailable as busy:
            busy.headers["Cache-Control"] = "no-store"
            return render_problem(busy)
        except Problem as problem:
            return render_problem(problem)

    async def _respond(self, request: Request, image: str, given: Sequence[tuple[str, str]]) -> Response:
        version, shape = parse_query(given)
        found = await self._find(image, version or "")
        if not _is(found.version, version):
            return Response(
                status_code=302,
                headers={"Location": variant_url(found.id, found.version, shape), "Cache-Control": MOVED},
            )
        output = output_of(shape, master_of(found))
        headers = HEADERS | {"Cache-Control": IMMUTABLE, "ETag": f'"{found.version}-{output.name}"'}
        if _knows(request, headers["ETag"]):
            return Response(status_code=304, headers=headers)
        return await self._show(Wanted(found, output), headers)

    async def _find(self, image: str, version: str) -> MirroredImage:
        """The image of which this is a version: the current one, or one of the old ones.

        Raises:
            ImageNotFound: it is a version of no image. That does not say whether the image exists.
        """
        for is_fresh in (False, True):
            found = await self._known.find(image, fresh=is_fresh)
            if found is not None and any(_is(known, version) for known in (found.version, *found.old_versions)):
                return found
            if found is None:
                break
        raise ImageNotFound("There is no such picture.", hint="Take URLs of pictures as records and images show them.")

    async def _show(self, wanted: Wanted, headers: dict[str, str]) -> Response:
        content = await self.stock.get(wanted)
        if self._most is not None and len(content) > self._most:
            seconds = get_settings().answer_expiry_seconds
            url = await presign_download(wanted.key, seconds=seconds)
            return Response(status_code=307, headers=HEADERS | {"Location": url, "Cache-Control": "no-store"})
        return Response(content, media_type=MEDIA_TYPES[wanted.output.format], headers=headers)


class KnownImages:
    """Images as this process last saw them, for a moment: pages ask for many variants of one at a time."""

    def __init__(self) -> None:
        self._images: OrderedDict[str, tuple[float, MirroredImage]] = OrderedDict()

    async def find(self, image: str, *, fresh: bool) -> MirroredImage | None:
        """The image as it was a moment ago, or as it is now."""
        if _ID.fullmatch(image) is None:
            return None
        known = self._images.get(image)
        if known is not None and not fresh and known[0] > time.monotonic():
            return known[1]
        self._images.pop(image, None)
        found = await find_image(image)
        if found is not None:
            while len(self._images) >= MOST_KNOWN:
                self._images.popitem(last=False)
            self._images[image] = (time.monotonic() + get_settings().keyvalue_cache_seconds, found)
        return found


def master_of(image: MirroredImage) -> Master:
    """The size of an image's master."""
    edge = get_settings().max_image_edge
    return master_size(image.width, image.height, frames=image.frames, has_alpha=image.has_alpha, edge=edge)


def variant_url(image: str, version: str, shape: Shape) -> str:
    """The URL of a variant of a version of an image."""
    return f"{get_settings().base_url}/images/{image}/content?v={version}&{shape.query}"


def _is(version: str, given: str | None) -> bool:
    return compare_digest(version.encode(), (given or "").encode())


def _knows(request: Request, etag: str) -> bool:
    """Return whether the caller has the picture of an ETag already."""
    given = request.headers.get("if-none-match", "")
    return given.strip() == "*" or etag in (tag.strip().removeprefix("W/") for tag in given.split(","))


def parameters_of(name: str, version: str) -> list[tuple[str, str]]:
    """The parameters of the URL of the variant whose object has this name."""
    size, _, form = name.partition(".")
    width, cross, height = size.partition("x")
    crop = [("h", height), ("fit", "cover")] if cross else []
    return [("w", width), *crop, ("format", form), ("v", version)]
