"""Problems of images."""

from app.core.errors import Problem


class ImageNotFound(Problem):
    """No image has this id, or the version in the URL is not one of it.

    Compare the id with those that `GET /images` lists. The URLs of an image are in the records that name it, and in
    `GET /images/{image}`.
    """

    status = 404
    title = "Image not found"


class ImageNotReady(Problem):
    """The image's file has not arrived, or has not been checked yet.

    Ask again a moment later; `GET /images/{image}` shows its `status`.
    """

    status = 409
    title = "Image is not ready"


class ImageRejected(Problem):
    """The image's file was refused when it arrived, so there is nothing to show.

    `GET /images/{image}` says why. Upload another file as a new image.
    """

    status = 410
    title = "Image was rejected"


class ImageTooLarge(Problem):
    """The image's file has more bytes than are accepted.

    Make the picture smaller, or raise `TOLVA_MAX_IMAGE_BYTES`.
    """

    status = 413
    title = "Image too large"


class ImageTypeNotAccepted(Problem):
    """The file's name says that it is no picture of an accepted type.

    JPEG, PNG, WebP, AVIF, GIF and TIFF are accepted. Convert drawings in SVG to PNG or WebP: an SVG can run scripts.
    """

    status = 415
    title = "Image type not accepted"


class ImageInUse(Problem):
    """Records name this image, and would show nothing in its place.

    Change the records first: `errors` counts them by dataset.
    """

    status = 409
    title = "Image is in use"
