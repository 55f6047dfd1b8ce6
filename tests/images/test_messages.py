"""Messages of images, as code of before and after a release writes them."""

from app.images.messages import ImageDeleted, ImageQueued, PicturesArrived


class TestMessages:
    def test_their_bodies(self) -> None:
        assert ImageQueued(image="img_1").body == {"type": "image.queued", "image": "img_1"}
        assert ImageDeleted(image="img_1").body == {"type": "image.deleted", "deleted": "img_1"}
        assert PicturesArrived.model_validate({"Records": []}).records == []
