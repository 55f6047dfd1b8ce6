"""The program of the embedded emulator: ministack, whose table answers no write before a journal has it.

It runs by the interpreter of ministack's environment, which has nothing of Tolva's but this file and two next to it. By
itself ministack writes its state when it is stopped, and takes one that it cannot read for none.
"""

import asyncio
import json
import os
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from ministack import app as server
from ministack.core import persistence
from ministack.core.responses import AccountRegionScopedDict, error_response_json, get_account_id, get_region
from ministack.services import dynamodb, s3

from app.local.parent import end_with_parent
from app.local.services.journal import Entry, Journal, JournalBroken, encode

TABLE_FOLDER = "TOLVA_TABLE_FOLDER"
# The exit code for files that cannot be read; the last line of the log says which.
BROKEN = 65
READS = {
    *(
        "GetItem",
        "BatchGetItem",
        "TransactGetItems",
        "Query",
        "Scan",
        "ListTables",
        "DescribeTable",
        "DescribeEndpoints",
    ),
    *("DescribeLimits", "DescribeTimeToLive", "DescribeContinuousBackups", "ListTagsOfResource"),
}
WRITES = {"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"}
CHANGES_OF_TABLES = {
    *("CreateTable", "UpdateTable", "DeleteTable", "UpdateTimeToLive", "UpdateContinuousBackups"),
    *("TagResource", "UntagResource"),
}
# Ministack's state of tables apart from their items.
SETTINGS = ("tags", "ttl_settings", "pitr_settings")
# What may still be sent again when a snapshot is written.
TOKEN_SECONDS = 60
# Items that a snapshot writes before it lets requests have their turn.
SLICE = 500

Key = tuple[dict[str, Any], str, str]
Token = tuple[str, str, str]


class KeptTables:
    """ministack's tables, and the journal that has what was done to them.

    What a request does to items is one entry: as the item has become, so that it may be done to a state that has some
    of it. `_done` is what was done since the last entry, each with the item as it was.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._done: list[tuple[Key, Any]] = []
        self._in_request = False
        self._snapshot: asyncio.Task[None] | None = None
        self._set_item, self._remove_item = dynamodb._set_item, dynamodb._remove_item
        self._handle, self._reset = dynamodb.handle_request, dynamodb.reset

    def load(self, legacy: Path) -> None:
        """Restore the tables from the journal, or from the file of an earlier version of Tolva.

        Raises:
            JournalBroken: they cannot be read.
        """
        is_new = True
        for entry in self._journal.read():
            is_new = False
            self._apply(entry)
        for table in dynamodb._tables.all_values():
            dynamodb._items_replaced(table)
        if legacy.exists():
            if is_new:
                dynamodb.load_persisted_state(_load_state(legacy))
                asyncio.run(self._write_snapshot())
            elif self._journal.is_older_than(legacy):
                raise JournalBroken(
                    f"{legacy} was written by an earlier version of Tolva after this version had run here. Nothing was "
                    "changed. Move away the one of both that you do not want: that file, or the folder "
                    f"{self._journal.folder}."
                )
            legacy.unlink()

    def take_over(self) -> None:
        """Send every change of the tables through the journal from now on."""
        # The thread that removes what has expired takes it for all of its round: so it and a request take turns.
        dynamodb._lock = threading.RLock()
        dynamodb._set_item, dynamodb._remove_item = self._note_set, self._note_removal
        dynamodb.handle_request, dynamodb.reset = self._answer, self._empty
        # The journal has all of it already.
        dynamodb.get_state = lambda: None

    async def _answer(self, method: str, path: str, headers: dict[str, str], body: bytes, query: Any) -> Any:
        action = headers.get("x-amz-target", "").rpartition(".")[2]
        if action in READS:
            return await self._handle(method, path, headers, body, query)
        if action not in WRITES | CHANGES_OF_TABLES:
            return error_response_json("UnknownOperationException", f"This emulator does not keep {action}.", 400)
        with dynamodb._lock:
            self._in_request = True
            try:
                answer = await self._handle(method, path, headers, body, query)
                if action in CHANGES_OF_TABLES:
                    self._keep_tables()
                else:
                    self._keep_items(_whole_batch(action, answer[0], body), _token_of(action, body))
            except BaseException:
                self._undo()
                raise
            finally:
                self._in_request = False
        if self._journal.is_long and (self._snapshot is None or self._snapshot.done()):
            self._snapshot = asyncio.create_task(self._try_snapshot())
        return answer

    def _note_set(self, table: dict[str, Any], pk: str, sk: str, item: Any) -> Any:
        before = self._set_item(table, pk, sk, item)
        self._done.append(((table, pk, sk), before))
        return before

    def _note_removal(self, table: dict[str, Any], pk: str, sk: str) -> Any:
        before = self._remove_item(table, pk, sk)
        if before is not None:
            self._done.append(((table, pk, sk), before))
            if not self._in_request:
                self._keep_items()
        return before

    def _keep_items(self, batch: bytes | None = None, token: Token | None = None) -> None:
        """Write what was done to items into the journal, or, if that cannot be, have it not done.

        Raises:
            OSError: it could not be written.
        """
        if not self._done:
            return
        entry: Entry = {"items": [_described(*key, _find(*key)) for key, _ in self._done]} if batch is None else {}
        if token is not None:
            entry["tokens"] = [[*token, dynamodb._txn_idempotency.get_scoped(*token)]]
        try:
            self._journal.append(encode(entry) if batch is None else batch)
        except OSError:
            self._undo()
            if token is not None:
                dynamodb._txn_idempotency.pop_scoped(*token, None)
            raise
        self._done.clear()

    def _undo(self) -> None:
        for key, before in reversed(self._done):
            if before is None:
                self._remove_item(*key)
            else:
                self._set_item(*key, before)
        self._done.clear()

    def _keep_tables(self) -> None:
        try:
            self._journal.append(encode({"tables": _write_tables()}))
        except OSError as error:
            # Nothing has undone it: the next start has the tables as they were.
            print(f"The journal cannot be written: {error}", file=sys.stderr, flush=True)
            os._exit(1)

    def _empty(self) -> None:
        self._reset()
        self._keep_tables()

    def _apply(self, entry: Entry) -> None:
        if "tables" in entry:
            _read_tables(entry["tables"])
        tables = {table["TableArn"]: table for table in dynamodb._tables.all_values()}
        for arn, pk, sk, item in entry.get("items", ()):
            _put(tables[arn], pk, sk, item)
        for account, region, token, answer in entry.get("tokens", ()):
            dynamodb._txn_idempotency.set_scoped(account, region, token, answer)
        if "batch" in entry:
            account, region, request = entry["batch"]
            for name, changes in request["RequestItems"].items():
                table = dynamodb._tables.get_scoped(account, region, dynamodb._normalize_table_name(name))
                for change in changes:
                    _put(table, *_batch_change(table, change))

    async def _try_snapshot(self) -> None:
        try:
            await self._write_snapshot()
        except OSError as error:
            # The journals still have everything; the next attempt comes when they have grown as much again.
            print(f"No snapshot of the table could be written: {error}", file=sys.stderr, flush=True)

    async def _write_snapshot(self) -> None:
        """Write all there is to a snapshot.

        Raises:
            OSError: it could not be written.
        """
        snapshot = self._journal.begin_snapshot()
        try:
            snapshot.write([encode({"tables": _write_tables()}), encode({"tokens": _young_tokens()})])
            for table in dynamodb._tables.all_values():
                keys = ((pk, sk) for pk in list(table["items"]) for sk in list(table["items"].get(pk, ())))
                while part := list(islice(keys, SLICE)):
                    # An item that has changed since is in the journal too, which is read after this.
                    snapshot.write([encode({"items": list(_still_there(table, part))})])
                    await asyncio.sleep(0)
            await asyncio.to_thread(self._journal.finish_snapshot, snapshot)
        except OSError:
            snapshot.drop()
            raise


def _described(table: dict[str, Any], pk: str, sk: str, item: Any) -> list[Any]:
    return [table["TableArn"], pk, sk, item]


def _find(table: dict[str, Any], pk: str, sk: str) -> Any:
    return table["items"].get(pk, {}).get(sk)


def _still_there(table: dict[str, Any], keys: list[tuple[str, str]]) -> Iterator[list[Any]]:
    for pk, sk in keys:
        item = _find(table, pk, sk)
        if item is not None:
            yield _described(table, pk, sk, item)


def _put(table: dict[str, Any], pk: str, sk: str, item: Any) -> None:
    """Put or remove an item; counts and indexes follow when all is read."""
    items = table["items"]
    if item is not None:
        items[pk][sk] = item
    elif pk in items:
        items[pk].pop(sk, None)
        if not items[pk]:
            del items[pk]


def _whole_batch(action: str, status: int, body: bytes) -> bytes | None:
    """A batch that was done as it came, as its entry: writing it again as JSON would cost a twentieth of its time."""
    if action != "BatchWriteItem" or status != 200:
        return None
    place = encode([get_account_id(), get_region()])
    return b'{"batch":' + place[:-1] + b"," + body.replace(b"\n", b" ") + b"]}"


def _batch_change(table: dict[str, Any], change: dict[str, Any]) -> tuple[str, str, Any]:
    item = change["PutRequest"]["Item"] if "PutRequest" in change else None
    key = item if item is not None else change["DeleteRequest"]["Key"]
    pk, sk, _ = dynamodb._resolve_table_key_values(table, key, allow_extra=item is not None)
    return pk, sk, item


def _token_of(action: str, body: bytes) -> Token | None:
    """The token by which a transaction that is sent again is known."""
    token = json.loads(body).get("ClientRequestToken") if action == "TransactWriteItems" else None
    return (get_account_id(), get_region(), token) if token else None


def _young_tokens() -> list[list[Any]]:
    since = time.time() - TOKEN_SECONDS
    return [[*key, entry] for key, entry in dynamodb._txn_idempotency.all_items() if entry["completed_at"] > since]


def _write_tables() -> str:
    """All that is known of the tables but their items, as ministack writes it."""
    tables = AccountRegionScopedDict()
    for key, table in dynamodb._tables.all_items():
        tables.set_scoped(*key, {k: v for k, v in table.items() if k not in ("items", dynamodb._INDEX_MEMBERS)})
    settings = {name: getattr(dynamodb, f"_{name}") for name in SETTINGS}
    return json.dumps({"tables": tables, **settings}, default=persistence._json_default)


def _read_tables(text: str) -> None:
    known = json.loads(text, object_hook=persistence._json_object_hook)
    for key, table in known["tables"].all_items():
        before = dynamodb._tables.get_scoped(*key)
        table["items"] = before["items"] if before else defaultdict(dict)
    for name in ("tables", *SETTINGS):
        getattr(dynamodb, f"_{name}")._data = known[name]._data


def _load_state(path: Path) -> Any:
    """The state that ministack wrote when it was stopped.

    Raises:
        JournalBroken: it cannot be read.
    """
    try:
        state = persistence.load_state(path.stem)
    except Exception:
        state = None
    if state is None:
        raise JournalBroken(
            f"{path} is broken, so what the AWS emulator kept there cannot be read. Nothing was changed. "
            "Put back a copy of it, or of the data folder; or move it away to start without what it holds."
        )
    return state


def _load_others() -> None:
    """Restore the other services as they were when last stopped."""
    for path in sorted(Path(persistence.STATE_DIR).glob("*.json")):
        if path.stem != "dynamodb" and path.stem in server._state_map:
            server._get_module(server._state_map[path.stem]).load_persisted_state(_load_state(path))
    server._load_persisted_state = lambda: None


def _keep_bucket() -> None:
    """Save a bucket's settings at once, and do not acknowledge an object that is not in a file."""
    handle, persist = s3.handle_request, s3._persist_object

    async def answer(method: str, path: str, *request: Any) -> Any:
        answer = await handle(method, path, *request)
        if method in ("PUT", "DELETE") and "/" not in path.strip("/") and answer[0] < 300:
            persistence.save_state("s3", s3.get_state())
        return answer

    def persist_object(bucket: str, key: str, record: Any) -> None:
        persist(bucket, key, record)
        if isinstance(record, dict) and record.get("body") is not None:
            raise OSError(f"{bucket}/{key} could not be written.")

    s3.handle_request, s3._persist_object = answer, persist_object


def main() -> None:
    """Serve until a signal ends it, or the process that started it has ended."""
    end_with_parent()
    folder = Path(os.environ[TABLE_FOLDER])
    journal = Journal(folder)
    tables = KeptTables(journal)
    try:
        tables.load(Path(persistence.STATE_DIR) / "dynamodb.json")
        _load_others()
    except JournalBroken as error:
        print(error, file=sys.stderr, flush=True)
        raise SystemExit(BROKEN) from None
    tables.take_over()
    _keep_bucket()
    try:
        server.main()
    finally:
        journal.sync()
