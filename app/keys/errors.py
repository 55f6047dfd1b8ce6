"""What can be wrong with a caller's key."""

from app.core.errors import Problem

SCHEME = 'Bearer realm="tolva"'


class _Unauthenticated(Problem):
    """The caller is not known. Every such response says how to become known, as RFC 6750 asks."""

    status = 401

    def __init__(
        self, detail: str, *, hint: str | None = None, challenge: str = f'{SCHEME}, error="invalid_token"'
    ) -> None:
        super().__init__(detail, hint=hint, headers={"WWW-Authenticate": challenge})


class KeyMissing(_Unauthenticated):
    title = "An API key is needed"

    def __init__(self, found: str | None = None) -> None:
        """`found`: where the request has something that may be one."""
        instead = f" It has {found}, which is not read." if found else ""
        super().__init__(
            f"The request carries no API key.{instead}",
            hint="Send it as 'Authorization: Bearer tolva_…'.",
            challenge=SCHEME,
        )


class KeyUnknown(_Unauthenticated):
    title = "The API key is not known"


class KeyExpired(_Unauthenticated):
    title = "The API key has expired"


class KeyRevoked(_Unauthenticated):
    title = "The API key was revoked"


class ScopeMissing(Problem):
    status = 403
    title = "The API key does not open this"


class KeyNotFound(Problem):
    status = 404
    title = "There is no such API key"
