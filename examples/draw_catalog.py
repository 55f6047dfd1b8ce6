"""Draws the pictures of examples/catalog.zip and packs them with their table: python -m examples.draw_catalog."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

ARCHIVE = Path(__file__).parent / "catalog.zip"
WIDTH, HEIGHT = 480, 360
# As no time is part of it, the archive is always the same.
DATE = (2026, 1, 1, 0, 0, 0)
TABLE = """\
SKU,Name,Category,Price,Photo
MUG-01,"Mug, dotted",Kitchen,12.50,mug.png
MUG-06,"Mugs, dotted, set of six",Kitchen,64.00,mug.png
LMP-01,Desk lamp,Office,79.90,lamp.png
PLT-01,Plant in a pot,Living,24.00,plant.png
BAG-01,Tote bag,Outdoor,18.75,bag.png
CLK-01,Wall clock,Living,42.00,clock.png
BTL-01,Bottle,Outdoor,21.30,bottle.png
BTL-02,"Bottle, spare lid",Outdoor,4.20,
"""

Color = tuple[int, int, int]
# How far a point is outside of a shape, in pixels; less than nothing inside.
Shape = Callable[[float, float], float]
INK, WHITE, GREEN, RED, BLUE, SAND, GREY = (
    (45, 52, 64), (250, 249, 246), (62, 132, 96), (205, 82, 66), (66, 110, 170), (222, 184, 122), (188, 194, 200)
)  # fmt: skip


def disc(x: float, y: float, radius: float) -> Shape:
    """A disc."""
    return lambda u, v: ((u - x) ** 2 + (v - y) ** 2) ** 0.5 - radius


def ring(x: float, y: float, radius: float, width: float) -> Shape:
    """A ring."""
    return lambda u, v: abs(((u - x) ** 2 + (v - y) ** 2) ** 0.5 - radius) - width / 2


def box(left: float, top: float, right: float, bottom: float, corner: float = 8) -> Shape:
    """A box with round corners."""

    def outside(u: float, v: float) -> float:
        across = max(left + corner - u, u - right + corner)
        down = max(top + corner - v, v - bottom + corner)
        return (max(across, 0) ** 2 + max(down, 0) ** 2) ** 0.5 + min(max(across, down), 0) - corner

    return outside


def line(x: float, y: float, to_x: float, to_y: float, width: float) -> Shape:
    """A line with round ends."""

    def outside(u: float, v: float) -> float:
        along = ((u - x) * (to_x - x) + (v - y) * (to_y - y)) / ((to_x - x) ** 2 + (to_y - y) ** 2)
        along = min(max(along, 0), 1)
        near = (x + along * (to_x - x), y + along * (to_y - y))
        return ((u - near[0]) ** 2 + (v - near[1]) ** 2) ** 0.5 - width / 2

    return outside


PICTURES: dict[str, list[tuple[Shape, Color]]] = {
    "mug.png": [
        (ring(320, 190, 52, 22), RED),
        (box(150, 100, 320, 290, 24), RED),
        *((disc(185 + 40 * column, 145 + 45 * row, 9), WHITE) for column in range(3) for row in range(3)),
    ],
    "lamp.png": [
        (box(150, 300, 290, 318), INK),
        (line(220, 305, 170, 190, 12), INK),
        (line(170, 190, 270, 100, 12), INK),
        (disc(322, 148, 30), SAND),
        (line(276, 104, 304, 128, 64), INK),
    ],
    "plant.png": [
        *((line(240, 220, 240 + 45 * turn, 90 + 22 * abs(turn), 26), GREEN) for turn in (-3, -2, -1, 0, 1, 2, 3)),
        (box(180, 215, 300, 310, 14), SAND),
        (box(170, 205, 310, 232, 6), RED),
    ],
    "bag.png": [
        (ring(240, 130, 58, 12), INK),
        (box(150, 130, 330, 310, 12), BLUE),
        (disc(240, 220, 34), WHITE),
    ],
    "clock.png": [
        (disc(240, 180, 118), INK),
        (disc(240, 180, 104), WHITE),
        (line(240, 180, 240, 105, 9), INK),
        (line(240, 180, 298, 205, 9), RED),
        (disc(240, 180, 11), INK),
    ],
    "bottle.png": [
        (box(215, 60, 265, 110, 6), INK),
        (box(190, 100, 290, 315, 36), GREEN),
        (box(190, 190, 290, 250, 2), WHITE),
        (disc(240, 220, 16), GREY),
    ],
}


def paint(shapes: list[tuple[Shape, Color]]) -> list[bytes]:
    """The rows of a picture: shapes one over the other, on a background that gets darker."""
    rows = []
    for v in range(HEIGHT):
        shade = 244 - 22 * v // HEIGHT
        row = bytearray()
        for u in range(WIDTH):
            color: Color = (shade, shade, shade + 4)
            for shape, own in shapes:
                cover = min(max(0.5 - shape(u + 0.5, v + 0.5), 0), 1)
                if cover:
                    color = tuple(round(a + (b - a) * cover) for a, b in zip(color, own, strict=True))
            row += bytes(color)
        rows.append(bytes(row))
    return rows


def write_png(rows: list[bytes]) -> bytes:
    """A PNG file of rows of red, green and blue."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", WIDTH, len(rows), 8, 2, 0, 0, 0)
    packed = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def draw_catalog() -> bytes:
    """The archive: the table, and the pictures that it names."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        files = {"catalog/catalog.csv": TABLE.encode()}
        files |= {f"catalog/images/{name}": write_png(paint(shapes)) for name, shapes in PICTURES.items()}
        for path, content in files.items():
            archive.writestr(zipfile.ZipInfo(path, DATE), content)
    return target.getvalue()


if __name__ == "__main__":
    ARCHIVE.write_bytes(draw_catalog())
