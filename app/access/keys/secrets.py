"""The text of a key: `tolva_<id>_<secret>`, the id in hex, the secret 256 random bits in URL-safe base64. Pure."""

import hashlib
import re
from secrets import token_urlsafe
from uuid import UUID

SECRET_BYTES = 32
KEY_TEXT = re.compile(r"tolva_([0-9a-f]{32})_([A-Za-z0-9_-]{43})")


def new_secret() -> str:
    """A secret nobody can guess: 43 characters of URL-safe base64."""
    return token_urlsafe(SECRET_BYTES)


def hash_secret(secret: str) -> bytes:
    """The stored hash of a secret: 32 bytes of SHA-256.

    Slow, salted hashes make up for secrets that people choose. This one is random and as long as the hash itself:
    there is no dictionary to try, and a slow hash would only be paid on each request.
    """
    return hashlib.sha256(secret.encode()).digest()


def format_key(key_id: UUID, secret: str) -> str:
    """The text that a caller sends."""
    return f"tolva_{key_id.hex}_{secret}"


def parse_key(text: str) -> tuple[UUID, str] | None:
    """The id and the secret in a key's text, None if it is not a key."""
    match = KEY_TEXT.fullmatch(text)
    return (UUID(match[1]), match[2]) if match else None
