"""The format of a picture by its first bytes, never by its name or by what it was announced as. Pure."""

from dataclasses import dataclass

SNIFFED_BYTES = 32
# A format that is accepted, and what users call it.
ACCEPTED = {
    "jpeg": "JPEG",
    "png": "PNG",
    "webp": "WebP",
    "avif": "AVIF",
    "gif": "GIF",
    "tiff": "TIFF",
    "heic": "HEIC",
}
_OPENINGS = (
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
)
_AVIF_BRANDS = (b"avif", b"avis")
_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1", b"mif2")
# Formats that are known and not accepted.
_OTHERS = (
    (b"%PDF", "PDF"),
    (b"BM", "BMP"),
    (b"\x00\x00\x01\x00", "ICO"),
    (b"\x00\x00\x02\x00", "CUR"),
    (b"\x00\x00\x00\x0cJXL ", "JPEG XL"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\x00\x00\x00\x0cjP  ", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"8BPS", "Photoshop"),
    (b"PK\x03\x04", "zip"),
    (b"II+\x00", "BigTIFF"),
    (b"MM\x00+", "BigTIFF"),
    (b"%!PS", "PostScript"),
    (b"\x1f\x8b", "gzip (SVGZ too)"),
    (b"\x76\x2f\x31\x01", "OpenEXR"),
)
_BYTE_ORDER_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))


@dataclass(frozen=True)
class Sniffed:
    """An accepted `format`, or the name of another one in `other`, or neither if the bytes are of nothing known."""

    format: str | None = None
    other: str | None = None


def sniff(head: bytes) -> Sniffed:
    """Look at the first SNIFFED_BYTES of a file; a shorter one holds no picture."""
    head = head[:SNIFFED_BYTES]
    if len(head) < SNIFFED_BYTES:
        return Sniffed()
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return Sniffed("webp")
    for opening, name in _OPENINGS:
        if head.startswith(opening):
            return Sniffed(name)
    if head[4:8] == b"ftyp":
        return _by_brands(head)
    if _is_markup(head):
        return Sniffed(other="SVG")
    return Sniffed(other=next((name for opening, name in _OTHERS if head.startswith(opening)), None))


def _by_brands(head: bytes) -> Sniffed:
    """Tell apart what shares a container: films, AVIF and HEIC."""
    size = int.from_bytes(head[:4], "big")
    brands = [head[8:12], *(head[start : start + 4] for start in range(16, min(size, len(head)), 4))]
    if any(brand in _AVIF_BRANDS for brand in brands):
        return Sniffed("avif")
    if any(brand in _HEIC_BRANDS for brand in brands):
        return Sniffed("heic")
    return Sniffed(other="a film, or another file in its container")


def _is_markup(head: bytes) -> bool:
    """Return whether a text begins as SVG does, in each encoding that its readers take: no picture does."""
    encoding = next((name for mark, name in _BYTE_ORDER_MARKS if head.startswith(mark)), None)
    if encoding is not None:
        return head.decode(encoding, "replace").lstrip("\ufeff \t\r\n\v\f\0").startswith("<")
    # UTF-16 without a mark has a zero next to each of these characters.
    return head.replace(b"\x00", b"").lstrip(b" \t\r\n\v\f").startswith(b"<")
