import inspect
from dataclasses import replace

import pytest

from app.records.keyvalue import reads as keyvalue
from app.records.keyvalue import writes as keyvalue_writes
from app.records.relational import reads as relational
from app.records.relational import writes as relational_writes
from app.records.stores import RecordReads, RecordWrites, reads_of, writes_of
from tests.records.schemas import products


class TestReadsOf:
    def test_each_store_has_its_own(self) -> None:
        assert reads_of(products()) is relational
        assert reads_of(replace(products(), store="keyvalue")) is keyvalue


class TestWritesOf:
    def test_each_store_has_its_own(self) -> None:
        assert writes_of(products()) is relational_writes
        assert writes_of(replace(products(), store="keyvalue")) is keyvalue_writes


class TestProtocols:
    @pytest.mark.parametrize("store", [relational, keyvalue])
    @pytest.mark.parametrize("name", [name for name in vars(RecordReads) if not name.startswith("_")])
    def test_both_are_read_in_the_same_way(self, store: object, name: str) -> None:
        wanted = list(inspect.signature(getattr(RecordReads, name)).parameters)[1:]
        assert list(inspect.signature(getattr(store, name)).parameters) == wanted

    @pytest.mark.parametrize("store", [relational_writes, keyvalue_writes])
    @pytest.mark.parametrize("name", [name for name in vars(RecordWrites) if not name.startswith("_")])
    def test_and_written(self, store: object, name: str) -> None:
        wanted = list(inspect.signature(getattr(RecordWrites, name)).parameters)[1:]
        assert list(inspect.signature(getattr(store, name)).parameters) == wanted
