"""Colour profiles as pictures carry them: whether one can be relied on. Pure."""

# The header of the format, and the place of its signature.
_HEADER, _SIGNATURE = 128, slice(36, 40)
# The largest that a camera or a printer needs; what is larger is not read.
MAX_PROFILE_BYTES = 4 * 1024 * 1024


def is_sound(profile: bytes) -> bool:
    """Return whether a profile is as long as it says, and is one."""
    size = int.from_bytes(profile[:4], "big")
    return _HEADER < size <= len(profile) <= MAX_PROFILE_BYTES and profile[_SIGNATURE] == b"acsp"
