"""`tolva images`: upload, list and delete pictures."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.command import Tolva, connected
from app.cli.completion import complete_datasets
from app.cli.display.output import fail
from app.cli.display.pages import write_list
from app.cli.groups import listing_group
from app.cli.interrupts import interruptible

if TYPE_CHECKING:
    from app.cli.images.upload import Uploaded

Document = dict[str, Any]

images = listing_group("Upload, list and delete pictures.")

DatasetOption = Annotated[
    str | None,
    typer.Option(
        "--dataset",
        help="The dataset whose records may name them; by default those of all.",
        metavar="NAME",
        show_default=False,
        autocompletion=complete_datasets,
    ),
]


@images.command("upload")
@connected
def upload_images(
    tolva: Tolva,
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE...", help="Pictures, or folders with pictures.", show_default=False),
    ],
    *,
    dataset: DatasetOption = None,
    alt: Annotated[str | None, typer.Option(help="The text that stands for the picture.", show_default=False)] = None,
) -> None:
    """Upload pictures and wait until they are checked. A file that is there already is not sent again."""
    from app.cli.display.bars import Bars
    from app.cli.images.pictures import find_pictures
    from app.cli.images.upload import ImageUpload

    pictures = find_pictures(files)
    if alt is not None and len(pictures) > 1:
        fail(f"--alt says what one picture shows; there are {len(pictures)}.")
    named = pictures[0].filename if len(pictures) == 1 else f"{len(pictures):,} pictures"
    with interruptible():
        bars = Bars(quiet=tolva.output.is_quiet)
        with bars.transfer(f"Uploading {named}", sum(picture.size for picture in pictures)) as bar:
            done = list(ImageUpload(tolva.client, dataset, bar.advance).run(pictures, alt))
    _show_uploaded(tolva, done)


def _show_uploaded(tolva: Tolva, done: "Sequence[Uploaded]") -> None:
    """Show the state of each picture; fails if one is not ready."""
    if tolva.output.as_json:
        tolva.output.json(write_list(one.image for one in done if one.image is not None))
    else:
        rows = [(one.picture.filename, one.state, _size(one.image), (one.image or {}).get("id", "")) for one in done]
        tolva.output.table(("file", "state", "size", "id"), rows, whole=("id",))
    wrong = [one for one in done if one.reason is not None]
    if wrong:
        reasons = "\n".join(f"  {one.picture.path}: {one.reason}" for one in wrong)
        fail(f"{len(wrong):,} of {len(done):,} pictures are not ready.\n{reasons}")


@images.command("list")
@connected
def list_images(
    tolva: Tolva,
    *,
    dataset: DatasetOption = None,
    status: Annotated[
        str | None,
        typer.Option(help="Only those in this state.", metavar="ready|rejected|checking|awaiting_upload"),
    ] = None,
    unused: Annotated[bool, typer.Option("--unused", help="Only those of --dataset that no record names.")] = False,
) -> None:
    """List images, newest first: `tolva images` alone does it too."""
    found = _list(tolva, dataset=dataset, status=status, **{"_unused": "true"} if unused else {})
    if tolva.output.as_json:
        tolva.output.json(write_list(found))
        return
    rows = [
        (one["id"], one["filename"], one["dataset"] or "all", one["status"], _size(one), one["alt"] or "")
        for one in found
    ]
    tolva.output.table(("id", "file", "dataset", "state", "size", "alt"), rows, whole=("id",))
    if not rows:
        tolva.output.note("There are no such images: tolva images upload FILE...")


@images.command("delete")
@connected
def delete_images(
    tolva: Tolva,
    wanted: Annotated[
        list[str],
        typer.Argument(metavar="ID|FILE...", help="Their ids or file names, from `tolva images`.", show_default=False),
    ],
    *,
    dataset: DatasetOption = None,
) -> None:
    """Delete images that no record names, with all that was made of them."""
    for found in [_find_image(tolva, name, dataset) for name in wanted]:
        tolva.client.request("DELETE", f"/images/{found['id']}")
        tolva.output.say(f"The image '{found['filename']}' ({found['id']}) is deleted.")


def _find_image(tolva: Tolva, given: str, dataset: str | None) -> Document:
    """The one image of an id, else the one of a file name."""
    from app.client.api import ApiError

    try:
        if given.startswith("img_") and "." not in given:
            return tolva.client.request("GET", f"/images/{given}")
    except ApiError as error:
        if error.status != 404:
            raise
    found = _list(tolva, dataset=dataset, filename=given)
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(one["id"] for one in found)
        fail(f"{len(found)} images are called '{given}': {ids}. Name the one by its id.")
    return fail(f"There is no image '{given}'. `tolva images` shows them.")


def _list(tolva: Tolva, **parameters: str | None) -> list[Document]:
    given = [(name, value) for name, value in parameters.items() if value is not None]
    return list(tolva.client.list_all("/images", json.loads, parameters=given))


def _size(image: Document | None) -> str:
    return "" if image is None or image["width"] is None else f"{image['width']}x{image['height']}"
