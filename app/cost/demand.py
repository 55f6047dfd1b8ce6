"""The demand of a workload on functions, database and table."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil, exp

from app.cost.assumptions import assumed
from app.cost.calibration import Calibration, Import, Request
from app.cost.workload import CACHED, GB, MONTH_DAYS, MONTH_SECONDS, WRITES, Configuration, Workload

READ_UNIT_BYTES = 4096
WRITE_UNIT_BYTES = 1024
# A database that may pause has at least this while it is awake.
LEAST_ACU = 0.5
LIST_SIZES = {"list": 50, "page": 1000}
DAY_SECONDS = 86_400


@dataclass(frozen=True)
class Demand:
    """The demand of a workload on a configuration."""

    workload: Workload
    configuration: Configuration
    calibration: Calibration

    @property
    def kinds(self) -> Mapping[str, Request]:
        """The measurements of the store's kinds of requests."""
        return self.calibration.requests[self.configuration.store]

    @property
    def imported(self) -> Import:
        """The measurements of the store's imports."""
        return self.calibration.imports[self.configuration.store]

    def rates(self) -> Iterator[tuple[str, float, Request]]:
        """Each kind of request, with its rate at the functions and its measurements: without what a cache answers."""
        cached = CACHED[self.configuration.front]
        for kind, share in self.workload.mix.items():
            kept = 1 - self.workload.hits if kind in cached else 1.0
            yield kind, self.workload.rate * share * kept, self.kinds[kind]

    @property
    def call_rate(self) -> float:
        """Calls of the function a second."""
        return sum(rate for _, rate, _ in self.rates())

    # ---- Functions

    def milliseconds(self, kind: str) -> float:
        """The milliseconds of one call that Lambda bills: rounded up, which is half a millisecond on average."""
        one, factor = self.kinds[kind], assumed("graviton-factor")
        share = min(1.0, self.configuration.memory / assumed("full-cpu-mb"))
        return one.function_ms * factor / share + self._wait(kind) + one.database_ms * factor + 0.5

    def _wait(self, kind: str) -> float:
        store = "table-" if self.configuration.store == "keyvalue" else ""
        return assumed(f"{store}{'write' if kind in WRITES else 'read'}-wait-ms")

    @property
    def concurrency(self) -> float:
        """Calls that run at a time, on average."""
        return sum(rate * self.milliseconds(kind) for kind, rate, _ in self.rates()) / 1000

    @property
    def environments(self) -> float:
        """Environments that the peak needs."""
        return max(self.concurrency * self.workload.peak, 1.0) if self.workload.rate else 0.0

    @property
    def start_gb_seconds(self) -> float:
        """GB-seconds of starts in a month."""
        first = max(one.first_ms for one in self.kinds.values()) * assumed("graviton-factor") / 1000
        starts = self.environments * MONTH_SECONDS / 3600 / assumed("function-life-hours")
        return starts * first * self.configuration.memory / 1024

    @property
    def gb_seconds(self) -> float:
        """GB-seconds of the calls of a month."""
        return self.concurrency * MONTH_SECONDS * self.configuration.memory / 1024

    @property
    def files(self) -> float:
        """Imported files a second."""
        return self.workload.csv / assumed("typical-file-bytes") / DAY_SECONDS

    @property
    def worker_seconds(self) -> float:
        """Seconds that workers run in a month."""
        share = min(1.0, self.configuration.worker_memory / assumed("full-cpu-mb"))
        work = self.gigabytes * self.imported.worker_seconds + self.files * MONTH_SECONDS * self.imported.start_seconds
        return work * assumed("graviton-factor") / share

    @property
    def gigabytes(self) -> float:
        """GB of CSV in a month."""
        return self.workload.csv * MONTH_DAYS / GB

    # ---- Database

    @property
    def import_acu(self) -> float:
        """ACU that imports need on average."""
        seconds = self.workload.csv / GB * self.imported.database_seconds / DAY_SECONDS
        return _acu(seconds)

    def request_acu(self, *, of_reader: bool) -> float:
        """ACU that requests need on average, of the writer or of the reader, if there is one."""
        has_reader = self.configuration.highly_available
        busy = sum(
            rate * one.database_ms / 1000
            for kind, rate, one in self.rates()
            if (has_reader and kind not in WRITES | {"get"}) == of_reader
        )
        return _acu(busy)

    @property
    def awake(self) -> float:
        """The share of the time that the database is awake: the chance of a call shortly before.

        Once a day the worker looks for lost imports.
        """
        if self.configuration.min_acu:
            return 1.0
        asks = self.call_rate if self.configuration.store == "relational" else 0.0
        return 1 - exp(-(asks + self.files + 1 / DAY_SECONDS) * assumed("awake-seconds"))

    @property
    def acu(self) -> float:
        """ACU of all instances on average."""
        least = max(self.configuration.min_acu, LEAST_ACU)
        writer = max(least, self.request_acu(of_reader=False) + self.import_acu)
        reader = max(least, self.request_acu(of_reader=True)) if self.configuration.highly_available else 0.0
        return self.awake * (writer + reader)

    @property
    def peak_acu(self) -> float:
        """ACU that the busier instance needs at the peak."""
        writer = self.request_acu(of_reader=False) * self.workload.peak + self.import_acu
        return max(writer, self.request_acu(of_reader=True) * self.workload.peak)

    @property
    def table_gb(self) -> float:
        """GB of records that are kept."""
        kept = self.workload.csv * self.workload.days / GB
        if self.configuration.store == "relational":
            return kept * self.imported.table_bytes
        return kept * self.imported.rows * self.imported.item_bytes / GB

    @property
    def ios(self) -> float:
        """I/O of Aurora in a month: one for each commit at least, or for each 4 KB of its log."""
        size = assumed("io-bytes")
        is_written = self.configuration.store == "relational"
        pieces = (rate * max(1.0, one.wal_bytes / size) for kind, rate, one in self.rates() if kind in WRITES)
        writes = sum(pieces) if is_written else 0.0
        imports = self.gigabytes * GB * self.imported.wal_bytes / size
        return writes * MONTH_SECONDS + imports

    # ---- Table

    @property
    def read_units(self) -> float:
        """Read units of DynamoDB in a month."""
        if self.configuration.store != "keyvalue":
            return 0.0
        units = sum(rate * _read_units(kind, one) for kind, rate, one in self.rates() if kind not in WRITES)
        copies = min(self.call_rate, self.environments) * assumed("keyvalue-copies-per-second")
        return (units + copies) * MONTH_SECONDS

    @property
    def write_units(self) -> float:
        """Write units of DynamoDB in a month: a single write is a transaction with the check of a fence item."""
        if self.configuration.store != "keyvalue":
            return 0.0
        units = sum(rate * (2 * _kilobytes(one.item_bytes) + 2) for kind, rate, one in self.rates() if kind in WRITES)
        return units * MONTH_SECONDS + self.gigabytes * self.imported.rows * _kilobytes(self.imported.item_bytes)

    # ---- Bytes

    @property
    def response_gb(self) -> float:
        """GB of responses to callers in a month, those of a cache too."""
        bodies = sum(share * self.kinds[kind].response_bytes for kind, share in self.workload.mix.items())
        return self.workload.requests * (bodies + assumed("header-bytes")) / GB

    @property
    def log_gb(self) -> float:
        """GB that the application logs in a month."""
        sizes = sum(rate * (one.log_bytes + assumed("log-event-bytes")) for _, rate, one in self.rates())
        return sizes * MONTH_SECONDS / GB

    @property
    def platform_log_gb(self) -> float:
        """GB that Lambda and the gateway log in a month."""
        event = assumed("log-event-bytes")
        by_function = self.call_rate * (assumed("function-log-bytes") + 3 * event)
        has_log = self.configuration.front != "url"
        by_gateway = self.workload.rate * (assumed("gateway-log-bytes") + event) if has_log else 0.0
        return (by_function + by_gateway) * MONTH_SECONDS / GB

    @property
    def traces(self) -> float:
        """Traces of a month: the first request of each second, and a share of the others; requests come at random.

        The REST API chooses them itself, among its hits too.
        """
        rate = self.workload.rate if self.configuration.front == "rest" else self.call_rate
        firsts = 1 - exp(-rate)
        return (firsts + assumed("trace-share") * (rate - firsts)) * MONTH_SECONDS


def _acu(busy: float) -> float:
    """The ACU for seconds of the measuring machine's processor a second."""
    return busy * assumed("graviton-factor") / assumed("cpu-per-acu") / assumed("database-utilization")


def _kilobytes(size: float) -> float:
    return max(1, ceil(size / WRITE_UNIT_BYTES))


def _read_units(kind: str, one: Request) -> float:
    return max(1, ceil(LIST_SIZES.get(kind, 1) * one.item_bytes / READ_UNIT_BYTES))
