"""The frames of a GIF, by its blocks: a frame may be larger than the canvas that the file announces. Pure."""

_HEADER, _TABLE, _IMAGE, _EXTENSION = 13, 0x80, 0x2C, 0x21


def largest_frame(data: bytes) -> tuple[int, int]:
    """The greatest width and the greatest height of any frame, of as many blocks as there are whole."""
    width = height = 0
    place = _HEADER + _table_size(data[10:11])
    while place + 10 <= len(data):
        if data[place] == _IMAGE:
            width = max(width, int.from_bytes(data[place + 5 : place + 7], "little"))
            height = max(height, int.from_bytes(data[place + 7 : place + 9], "little"))
            # After its own table and the size of its codes.
            place = _after_parts(data, place + 11 + _table_size(data[place + 9 : place + 10]))
        elif data[place] == _EXTENSION:
            place = _after_parts(data, place + 2)
        else:
            break
    return width, height


def _table_size(flags: bytes) -> int:
    return 3 << ((flags[0] & 7) + 1) if flags and flags[0] & _TABLE else 0


def _after_parts(data: bytes, place: int) -> int:
    while place < len(data) and data[place]:
        place += 1 + data[place]
    return place + 1
