"""The process that decodes strangers' pictures: one at a time from its standard input, what it makes of each to its
standard output.

It has no credentials and no network to speak of, a bounded address space, and ends by itself if a picture takes too
long or if the process that started it is gone.
"""

import resource
import signal
import sys
from contextlib import suppress
from dataclasses import asdict
from typing import Any, BinaryIO

from app.images.check.frames import read_frame, write_frame
from app.images.check.limits import Limits
from app.images.check.picture import check_picture
from app.images.check.rejection import Rejected
from app.images.check.report import CheckedPicture

# The one that started it ends it before, if it can.
GRACE_SECONDS = 2.0


def main() -> None:
    """Check pictures until the input ends."""
    memory = int(sys.argv[1])
    with suppress(ValueError, OSError):  # macOS bounds no address space
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    source, target = sys.stdin.buffer, sys.stdout.buffer
    while (frame := read_frame(source)) is not None:
        _answer(*frame, target)


def _answer(request: dict[str, Any], data: bytes, target: BinaryIO) -> None:
    signal.setitimer(signal.ITIMER_REAL, request["seconds"] + GRACE_SECONDS)
    try:
        made = check_picture(data, request["format"], Limits(**request["limits"]))
    except Rejected as rejected:
        write_frame(target, {"rejected": rejected.document})
    except MemoryError:
        write_frame(target, {"rejected": Rejected("undecodable", "The picture takes too much memory.").document})
    except Exception:  # nobody knows all that a decoder of broken files may raise
        write_frame(target, {"rejected": Rejected("undecodable", "The picture cannot be decoded.").document})
    else:
        _write(made, target)
    signal.setitimer(signal.ITIMER_REAL, 0)


def _write(made: CheckedPicture, target: BinaryIO) -> None:
    members = asdict(made)
    parts = [members.pop("master"), members.pop("first")]
    write_frame(target, {"checked": members}, *parts)


if __name__ == "__main__":
    main()
