"""The URLs of images."""

import pytest

from app.core.settings import get_settings
from app.images.links import content_url


@pytest.mark.usefixtures("services", "setting")
class TestUrl:
    def test_is_a_path_of_this_api(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TOLVA_ROOT_PATH", "/prod")
        get_settings.cache_clear()
        assert content_url("img_1", "v", 64) == "/prod/images/img_1/content?v=v&w=64"

    def test_begins_with_the_public_address(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TOLVA_PUBLIC_URL", "https://api.example.com")
        get_settings.cache_clear()
        assert content_url("img_1", "v") == "https://api.example.com/images/img_1/content?v=v&w=1280"
