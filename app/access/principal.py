"""The caller, with the key's scopes and datasets."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from app.access.errors import ScopeMissing

Scope = Literal["read", "write", "admin"]

IMPLIED: dict[Scope, frozenset[Scope]] = {
    "read": frozenset({"read"}),
    "write": frozenset({"read", "write"}),
    "admin": frozenset({"read", "write", "admin"}),
}


@dataclass(frozen=True)
class Principal:
    """The caller: `key_id` is None for the settings' admin key, `datasets` is None if the key opens all of them."""

    key_id: UUID | None
    scopes: frozenset[Scope]
    datasets: frozenset[str] | None = None

    @property
    def id(self) -> str:
        """An id that distinguishes the caller from every other."""
        return "admin" if self.key_id is None else str(self.key_id)

    def may(self, scope: Scope, dataset: str | None = None) -> bool:
        """Return whether the key has a scope on a dataset; without one: on all of them, those to come included."""
        has_scope = any(scope in IMPLIED[held] for held in self.scopes)
        return has_scope and (self.datasets is None or dataset in self.datasets)

    def demand(self, scope: Scope, dataset: str | None = None) -> None:
        """Raise ScopeMissing if `may` is false."""
        if self.may(scope, dataset):
            return
        if self.may(scope, next(iter(self.datasets or ()), None)):
            place = f"the dataset '{dataset}'" if dataset is not None else "everything"
            raise ScopeMissing(
                f"This needs the scope '{scope}' on {place}; the key is limited to other datasets.",
                hint="Ask for a key that is not limited, or that names the dataset.",
            )
        held = ", ".join(sorted(self.scopes))
        raise ScopeMissing(
            f"This needs the scope '{scope}'; the key has {held}.", hint=f"Ask for a key with the scope '{scope}'."
        )


EVERYTHING = Principal(key_id=None, scopes=frozenset({"admin"}))
