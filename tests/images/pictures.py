"""Pictures drawn by code: every format, and the ways in which one can be nasty."""

import io
import struct
import zlib
from typing import Any

import pyvips
from PIL import Image as Pillow

from app.images import engine

# It comes first, as it takes Python out of the threads of libvips.
Picture = engine.Picture


def drawn(width: int = 400, height: int = 300) -> Picture:
    """A picture that shows how it is turned and in which colors: its corners are red, green, blue and white."""
    base = pyvips.Image.xyz(width, height)
    red = (base[0] * 255 / max(1, width - 1)).cast("uchar")
    green = (base[1] * 255 / max(1, height - 1)).cast("uchar")
    blue = ((base[0] / 16 + base[1] / 16) % 2 * 120).cast("uchar")
    picture = red.bandjoin([green, blue]).copy(interpretation="srgb")
    mark = max(1, min(width, height) // 4)
    for x, y, color in (
        (0, 0, [255, 0, 0]),
        (width - mark, 0, [0, 255, 0]),
        (0, height - mark, [0, 0, 255]),
        (width - mark, height - mark, [255, 255, 255]),
    ):
        picture = picture.draw_rect(color, x, y, mark, mark, fill=True)
    return picture.copy_memory()


def encoded(suffix: str = ".jpg", width: int = 400, height: int = 300, **options: Any) -> bytes:
    """A drawn picture in a format."""
    data: bytes = drawn(width, height).write_to_buffer(suffix, **options)
    return data


def animated(suffix: str = ".gif", frames: int = 6, width: int = 60, height: int = 40) -> bytes:
    """An animation with delays of its own and two loops."""
    pages = [drawn(width, height).rot180() if number % 2 else drawn(width, height) for number in range(frames)]
    strip = pyvips.Image.arrayjoin(pages, across=1).copy()
    strip.set_type(pyvips.GValue.gint_type, "page-height", height)
    strip.set_type(pyvips.GValue.array_int_type, "delay", [100 + 50 * number for number in range(frames)])
    strip.set_type(pyvips.GValue.gint_type, "loop", 2)
    data: bytes = strip.write_to_buffer(suffix)
    return data


def oriented(tag: int) -> bytes:
    """The drawn picture stored as a camera held otherwise would, with the tag that says so: upright it is the same."""
    turns = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    upright = Pillow.open(io.BytesIO(encoded(".png")))
    stored = upright.transpose(Pillow.Transpose(turns[tag])) if tag in turns else upright
    exif = Pillow.Exif()
    exif[0x0112] = tag
    target = io.BytesIO()
    stored.convert("RGB").save(target, "JPEG", quality=95, subsampling=0, exif=exif)
    return target.getvalue()


def png_chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_of(*chunks: bytes) -> bytes:
    """A PNG of chunks, and the one that ends it."""
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks) + png_chunk(b"IEND", b"")


def huge_png(side: int) -> bytes:
    """A PNG of one color, of few bytes for its pixels: black rows, compressed."""
    row = bytes(1 + (side + 7) // 8)
    packer = zlib.compressobj(9)
    block = row * 256
    parts = [packer.compress(block) for _ in range(side // 256)]
    parts += [packer.compress(row * (side % 256)), packer.flush()]
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + png_chunk(b"IDAT", b"".join(parts))
        + png_chunk(b"IEND", b"")
    )


def huge_gif(frames: int, side: int = 500) -> bytes:
    """A GIF of many frames, each of one pixel on a large canvas."""
    return _gif_head(side) + _gif_frame(1, 1) * frames + b"\x3b"


def growing_gif() -> bytes:
    """A GIF whose second frame is far larger than its canvas."""
    return _gif_head(500) + _gif_frame(1, 1) + _gif_frame(39_711, 16_448) + b"\x3b"


def _gif_head(side: int) -> bytes:
    return b"GIF89a" + struct.pack("<HHBBB", side, side, 0x80, 0, 0) + bytes(3) + b"\xff\xff\xff"


def _gif_frame(width: int, height: int) -> bytes:
    control = b"\x21\xf9\x04\x00\x01\x00\x00\x00"
    return control + b"\x2c" + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\x02\x02\x44\x01\x00"


def huge_webp() -> bytes:
    """A lossless WebP of 16383² pixels of one color, in some two hundred bytes."""
    data: bytes = (
        pyvips.Image.black(16_383, 16_383, bands=3)
        .copy(interpretation="srgb")
        .write_to_buffer(".webp", lossless=True, effort=0)
    )
    return data


def huge_jpeg(side: int = 60_000) -> bytes:
    """A JPEG whose header says that it is huge."""
    small = bytearray(encoded(".jpg", 64, 64))
    place = small.index(b"\xff\xc0")
    small[place + 5 : place + 9] = struct.pack(">HH", side, side)
    return bytes(small)


SECRET = b"GPS-OF-HOME-4711"


def with_metadata(suffix: str) -> bytes:
    """A picture with a secret in all the metadata that its format carries: EXIF with GPS, XMP, IPTC, comments."""
    picture = drawn().copy()
    exif = Pillow.Exif()
    exif[0x010E] = SECRET.decode()
    exif[0x927C] = SECRET
    exif.get_ifd(0x8825)[29] = SECRET.decode()
    blob = pyvips.GValue.blob_type
    picture.set_type(blob, "exif-data", exif.tobytes())
    picture.set_type(blob, "xmp-data", b"<x:xmpmeta>" + SECRET + b"</x:xmpmeta>")
    picture.set_type(blob, "iptc-data", b"\x1c\x02\x78" + struct.pack(">H", len(SECRET)) + SECRET)
    if suffix == ".png":
        picture.set_type(pyvips.GValue.gstr_type, "png-comment-0-Comment", SECRET.decode())
    data: bytes = picture.write_to_buffer(suffix)
    if suffix == ".jpg":
        comment = b"\xff\xfe" + struct.pack(">H", len(SECRET) + 2) + SECRET
        return data[:2] + comment + data[2:]
    return data


def in_profile(suffix: str, profile: str = "p3") -> bytes:
    """The drawn picture in the numbers of another color space, which it names."""
    other = drawn().icc_transform(profile, input_profile="srgb", intent="relative")
    data: bytes = other.write_to_buffer(suffix, profile=profile)
    return data


def with_broken_profile() -> bytes:
    """A JPEG with a profile that lies about its size."""
    broken = b"ICC_PROFILE\0\x01\x01" + struct.pack(">I", 480) + b"acsp" * 30
    data = encoded(".jpg", keep="none")
    return data[:2] + b"\xff\xe2" + struct.pack(">H", len(broken) + 2) + broken + data[2:]


def with_inflated_chunk(kind: bytes) -> bytes:
    """A PNG with a chunk, of a profile or of a text, that becomes 200 MB if it is unpacked."""
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(bytes(1_000_000)) for _ in range(200)) + packer.flush()
    data = encoded(".png", keep="none")
    return data[:33] + png_chunk(kind, b"a\0\0" + packed) + data[33:]


def with_repeated_scans(times: int) -> bytes:
    """A progressive JPEG whose last scan comes again and again."""
    data = encoded(".jpg", interlace=True, keep="none")
    last = data.rindex(b"\xff\xda")
    return data[:-2] + data[last:-2] * times + b"\xff\xd9"


def turned_avif(tag: int) -> bytes:
    """An AVIF that its container turns, as the tag of a camera says."""
    exif = Pillow.Exif()
    exif[0x0112] = tag
    target = io.BytesIO()
    Pillow.open(io.BytesIO(encoded(".png"))).save(target, "AVIF", quality=90, exif=exif)
    return target.getvalue()


def cmyk(suffix: str = ".jpg") -> bytes:
    """The drawn picture for a printer, without a profile."""
    picture = drawn().colourspace("cmyk")
    data: bytes = picture.write_to_buffer(suffix, keep="none")
    return data


def heic(width: int = 400, **options: Any) -> bytes:
    """A HEIC picture, as iPhones write it but for the tiles."""
    import pillow_heif  # noqa: PLC0415  # an extra

    target = io.BytesIO()
    pixels = Pillow.open(io.BytesIO(encoded(".png", width)))
    pillow_heif.from_pillow(pixels).save(target, quality=90, **options)
    return target.getvalue()


def heic_burst() -> bytes:
    """A HEIC of three pictures, of which the second is the primary one."""
    import pillow_heif  # noqa: PLC0415  # an extra

    file = pillow_heif.HeifFile()  # type: ignore[no-untyped-call]  # the library has no types there
    for picture in (drawn().rot180(), drawn(), drawn().rot180()):
        file.add_from_pillow(Pillow.open(io.BytesIO(picture.write_to_buffer(".png"))))
    target = io.BytesIO()
    file.save(target, quality=90, primary_index=1)
    return target.getvalue()


def heic_of_ten_bits() -> bytes:
    """A HEIC of more than eight bits."""
    import pillow_heif  # noqa: PLC0415  # an extra

    wide = drawn().cast("ushort").linear(257, 0).cast("ushort")
    target = io.BytesIO()
    pillow_heif.encode("RGB;16", (400, 300), wide.write_to_memory(), target, quality=90)
    return target.getvalue()
