import pytest

from app.columns.types.image import find_id, is_id, match_url
from app.columns.types.registry import TYPES

ID = "img_0123456789abcdef0123"


class TestFindId:
    @pytest.mark.parametrize(
        "text",
        [
            ID,
            f"/images/{ID}",
            f"/images/{ID}/content?v=a&w=256",
            f"/prod/images/{ID}/original#x",
            f"https://api.example.com/images/{ID}/content?v=a",
            f"HTTPS://API.EXAMPLE.COM/prod/v1/images/{ID}/content/",
            f"http://[::1]:8000/images/{ID}",
        ],
    )
    def test_an_id_is_found_in_each_form(self, text: str) -> None:
        assert find_id(text) == ID

    @pytest.mark.parametrize(
        "text",
        [
            "", "lamp.jpg", ID[:-1], f"{ID}0", ID.upper(), f"images/{ID}", f"ftp://x.example/images/{ID}",
            f"/images/{ID}/other", f"/images/{ID}.jpg", f"/other/{ID}", f"//images/{ID}", f" {ID}",
        ],
    )  # fmt: skip
    def test_other_texts_have_none(self, text: str) -> None:
        assert find_id(text) is None

    def test_its_url_is_taken_apart(self) -> None:
        match = match_url(f"https://x.example/prod/images/{ID}/content")
        assert match is not None
        assert (match["origin"], match["path"]) == ("https://x.example", "/prod")
        assert is_id(ID)


class TestImageType:
    def test_a_filter_names_an_image_by_its_filename_too(self) -> None:
        assert TYPES["image"].parse("cafe\u0301.jpg") == "caf\u00e9.jpg"

    def test_what_a_read_showed_is_written(self) -> None:
        assert TYPES["image"].read_json({"id": ID, "url": "/images/x"}) == ID
