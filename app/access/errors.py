"""Problems of a caller's key."""

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
    """The route requires an API key and the request has none.

    Send `Authorization: Bearer tolva_…`. `tolva dev` prints its admin key; `POST /keys` creates others.
    """

    title = "Missing API key"

    def __init__(self, found: str | None = None) -> None:
        """`found`: the place of something in the request that may be a key."""
        instead = f" It has {found}, which is not read." if found else ""
        super().__init__(
            f"The request carries no API key.{instead}",
            hint="Send it as 'Authorization: Bearer tolva_…'.",
            challenge=SCHEME,
        )


class KeyUnknown(_Unauthenticated):
    """The `Authorization` header has no key that this Tolva created, or the key is truncated.

    Copy the whole key again and check that the request goes to the Tolva that created it.
    """

    title = "Unknown API key"


class KeyExpired(_Unauthenticated):
    """The API key was valid until its `expires_at`.

    Ask an administrator for a new key.
    """

    title = "API key expired"


class KeyRevoked(_Unauthenticated):
    """An administrator revoked the API key.

    Ask an administrator for a new key.
    """

    title = "API key revoked"


class ScopeMissing(Problem):
    """The API key is valid, but it lacks the scope for this request or is limited to other datasets.

    Use a key with the scope that the detail names, on this dataset.
    """

    status = 403
    title = "Missing scope"


class KeyNotFound(Problem):
    """No API key has this id.

    Take the id from `GET /keys`: it is not the key itself.
    """

    status = 404
    title = "API key not found"
