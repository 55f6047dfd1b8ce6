from uuid import uuid4

import pytest

from app.access.errors import ScopeMissing
from app.access.principal import EVERYTHING, Principal, Scope


def _key(scope: Scope, *datasets: str) -> Principal:
    return Principal(uuid4(), frozenset({scope}), frozenset(datasets) or None)


class TestMay:
    @pytest.mark.parametrize(
        ("held", "opened"),
        [("read", {"read"}), ("write", {"read", "write"}), ("admin", {"read", "write", "admin"})],
    )
    def test_a_scope_implies_the_ones_below(self, held: Scope, opened: set[Scope]) -> None:
        scopes: list[Scope] = ["read", "write", "admin"]
        assert {scope for scope in scopes if _key(held).may(scope, "a")} == opened

    def test_a_limited_key_opens_its_datasets_only(self) -> None:
        key = _key("write", "a", "b")
        assert key.may("write", "a")
        assert not key.may("read", "c")

    def test_a_limited_key_never_opens_everything(self) -> None:
        assert not _key("admin", "a").may("read")
        assert EVERYTHING.may("admin")


class TestDemand:
    def test_the_missing_scope_is_named(self) -> None:
        with pytest.raises(ScopeMissing, match="needs the scope 'write'; the key has read"):
            _key("read").demand("write", "a")

    def test_the_missing_dataset_is_named(self) -> None:
        with pytest.raises(ScopeMissing, match="'read' on the dataset 'b'; the key is limited to other datasets"):
            _key("read", "a").demand("read", "b")
