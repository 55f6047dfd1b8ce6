"""Clients that write records to a running Tolva while it is being killed, and remember what was acknowledged."""

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Literal

import httpx

from tests.local.running import ADMIN_KEY, RunningDev

Store = Literal["relational", "keyvalue"]
STORES: tuple[Store, ...] = ("relational", "keyvalue")
WRITERS = 4
PAUSE_SECONDS = 0.1
# A read has 100 keys at most, and a page of a list 1,000.
MAX_KEYS, MAX_LISTED = 100, 1000
# What a request is answered whose process ended before it kept the first answer; a key says so by itself.
DONE_BEFORE = ("/problems/response-not-stored", "/problems/value-taken")


class Clients:
    """Writers of one dataset with a column `n`, whose every record is one POST with an Idempotency-Key.

    A key-value dataset's key is `n`; a relational one's records are numbered, so that nothing but the Idempotency-Key
    keeps a request that is sent again from making a second one.
    """

    def __init__(self, dev: RunningDev, store: Store, name: str = "written") -> None:
        self._store = store
        self.dataset = f"{name}_{store}"
        self._path = f"/datasets/{self.dataset}/records"
        self._http = httpx.AsyncClient(
            base_url=dev.url, headers={"Authorization": f"Bearer {ADMIN_KEY}"}, timeout=60, trust_env=False
        )
        self._numbers = itertools.count()
        self._progress = asyncio.Condition()
        self.acknowledged: list[int] = []
        # Requests without an answer: they may have been done or not.
        self.unanswered: list[int] = []

    async def make_dataset(self) -> None:
        """Make the dataset that is written to."""
        body = {"name": self.dataset, "store": self._store, "columns": [{"name": "n", "type": "integer"}]}
        keyed = body | {"key": ["n"]} if self._store == "keyvalue" else body
        (await self._http.post("/datasets", json=keyed)).raise_for_status()

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[None]:
        """Write all the time while the block runs."""
        stopped = asyncio.Event()
        writers = [asyncio.create_task(self._write_on(stopped)) for _ in range(WRITERS)]
        try:
            yield
        finally:
            stopped.set()
            await asyncio.gather(*writers)

    async def wait_for(self, more: int) -> None:
        """Wait until so many more writes are acknowledged."""
        enough = len(self.acknowledged) + more
        async with self._progress:
            await self._progress.wait_for(lambda: len(self.acknowledged) >= enough)

    async def _write_on(self, stopped: asyncio.Event) -> None:
        while not stopped.is_set():
            number = next(self._numbers)
            try:
                answer = await self._write(number)
            except httpx.TransportError:
                self.unanswered.append(number)
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            if answer.status_code == httpx.codes.CREATED:
                self.acknowledged.append(number)
                async with self._progress:
                    self._progress.notify_all()
            else:
                assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE, answer.text
                await asyncio.sleep(PAUSE_SECONDS)

    async def _write(self, number: int) -> httpx.Response:
        return await self._http.post(self._path, json={"n": number}, headers={"Idempotency-Key": f"number-{number}"})

    async def finish(self) -> None:
        """Send requests without an answer again until they have one: they are done now, or were done before."""
        while self.unanswered:
            answer = await self._write(self.unanswered[-1])
            if answer.is_success or answer.json()["type"] in DONE_BEFORE:
                self.acknowledged.append(self.unanswered.pop())
            else:
                await asyncio.sleep(PAUSE_SECONDS)

    async def send_again(self) -> int:
        """Send every acknowledged write again; how many of them were not answered as they were the first time."""
        answers = [await self._write(number) for number in self.acknowledged]
        return sum(
            "idempotency-replayed" not in answer.headers and answer.json().get("type") not in DONE_BEFORE
            for answer in answers
        )

    async def count(self) -> tuple[int, int]:
        """How many acknowledged records are not there, and how many are there more than once."""
        find: Callable[[], Awaitable[Counter[int]]] = {"keyvalue": self._get_all, "relational": self._list_all}[
            self._store
        ]
        found = await find()
        lost = sum(not found[number] for number in self.acknowledged)
        return lost, sum(times > 1 for times in found.values())

    async def _get_all(self) -> Counter[int]:
        found: Counter[int] = Counter()
        for start in range(0, len(self.acknowledged), MAX_KEYS):
            keys = self.acknowledged[start : start + MAX_KEYS]
            answer = (await self._http.post(f"{self._path}/get", json={"keys": keys})).raise_for_status()
            found.update(record["n"] for record in answer.json()["data"] if record is not None)
        return found

    async def _list_all(self) -> Counter[int]:
        found: Counter[int] = Counter()
        asked: dict[str, Any] = {"_limit": MAX_LISTED}
        while True:
            page = (await self._http.get(self._path, params=asked)).raise_for_status().json()
            found.update(record["n"] for record in page["data"])
            if page["next"] is None:
                return found
            asked["_cursor"] = page["next"]

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()
