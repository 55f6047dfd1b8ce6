"""The port to images."""

from app.datasets.images import get_images, provide
from app.images import lookup


class TestPort:
    def test_it_gives_what_was_provided(self) -> None:
        provide(lookup)
        assert get_images() is lookup
