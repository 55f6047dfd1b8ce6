"""Images in requests and answers."""

import pytest
from pydantic import ValidationError

from app.images.bodies import ImageCreate, ImagePublic
from tests.images.rows import ready_image


class TestCreate:
    def test_the_checksum_is_the_digest_as_s3_takes_it(self) -> None:
        body = ImageCreate(filename="a.png", size=1, sha256="00" * 31 + "FF")
        assert body.checksum == "A" * 41 + "P8="

    def test_without_a_digest_there_is_none(self) -> None:
        assert ImageCreate(filename="a.png", size=1).checksum is None

    @pytest.mark.parametrize("digest", ["", "00", "0" * 63 + "g", "0" * 65, "٠" * 64])
    def test_what_is_no_digest(self, digest: str) -> None:
        with pytest.raises(ValidationError, match="64 hexadecimal digits"):
            ImageCreate(filename="a.png", size=1, sha256=digest)


@pytest.mark.usefixtures("services")
class TestPublic:
    def test_what_the_catalogue_keeps_for_itself_is_not_shown(self) -> None:
        shown = ImagePublic.of(ready_image(), "products").model_dump()
        assert not {"object_key", "object_version", "old_versions", "is_current", "dataset_id"} & shown.keys()

    @pytest.mark.parametrize("status", ["awaiting_upload", "checking", "rejected"])
    def test_one_that_is_not_ready_has_no_urls(self, status: str) -> None:
        shown = ImagePublic.of(ready_image(status=status), None)
        assert (shown.url, shown.variants) == (None, None)
