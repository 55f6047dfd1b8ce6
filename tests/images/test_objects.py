"""The bucket's keys of images."""

import pytest

from app.images import objects

IMAGE = "img_0123456789abcdef0123"
KEYS = [
    objects.incoming_key(IMAGE),
    objects.kept_key(IMAGE),
    objects.master_key(IMAGE),
    objects.variant_key(IMAGE, "v", "640.webp"),
]


class TestKeys:
    """Every object of an image is found by its prefixes, and leads back to it."""

    @pytest.mark.parametrize("key", KEYS)
    def test_are_below_one_of_its_prefixes(self, key: str) -> None:
        assert sum(key.startswith(prefix) for prefix in objects.prefixes(IMAGE)) == 1

    @pytest.mark.parametrize("key", KEYS)
    def test_name_the_image(self, key: str) -> None:
        assert objects.image_of(key) == IMAGE

    def test_of_other_objects_name_none(self) -> None:
        assert objects.image_of("uploads/imports/1/x.csv") is None

    def test_differ(self) -> None:
        assert len(set(KEYS)) == len(KEYS)
