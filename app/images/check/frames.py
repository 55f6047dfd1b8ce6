"""Frames on a pipe: a JSON document with the sizes of the parts that follow it, then these. Pure but for the pipe."""

import json
from typing import Any, BinaryIO

PREFIX = 4


def frame_head(document: dict[str, Any], *parts: bytes) -> bytes:
    """The beginning of a frame; its parts come after it."""
    head = json.dumps({"document": document, "parts": [len(part) for part in parts]}).encode()
    return len(head).to_bytes(PREFIX, "big") + head


def write_frame(target: BinaryIO, document: dict[str, Any], *parts: bytes) -> None:
    """Write a frame."""
    target.write(frame_head(document, *parts))
    target.writelines(parts)
    target.flush()


def read_frame(source: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    """The document of the next frame and its only part; None at the end of the input."""
    prefix = source.read(PREFIX)
    if len(prefix) < PREFIX:
        return None
    head = json.loads(source.read(int.from_bytes(prefix, "big")))
    return head["document"], source.read(sum(head["parts"]))
