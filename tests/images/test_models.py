"""The rows of images."""

from app.images.models import ID_PREFIX, new_id, new_version


class TestNames:
    """Ids and versions, which open an image to those who know them."""

    def test_an_id_says_what_it_is_of(self) -> None:
        assert new_id().startswith(ID_PREFIX)

    def test_no_two_are_the_same(self) -> None:
        assert len({new_id() for _ in range(1000)} | {new_version() for _ in range(1000)}) == 2000

    def test_a_version_stands_in_a_url_and_in_a_key(self) -> None:
        assert all(sign.isalnum() or sign in "-_" for sign in new_version())

    def test_a_version_has_96_bits(self) -> None:
        assert len(new_version()) == 96 / 6
