"""Outlook: which imports are expected to outlast their worker."""

import pytest

from app.core.settings import get_settings
from app.imports.worker import outlook
from app.imports.worker.outlook import COMPRESSION, Kind, Outlook, Rates
from app.imports.worker.progress import Meter

APPEND = Kind("relational", "append", "none")
GZIP = Kind("relational", "append", "gzip")
ITEMS = Kind("keyvalue", "append", "none")


class Clock:
    """Stands for the clock: it goes only if the test moves it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    for module in ("outlook", "progress"):
        monkeypatch.setattr(f"app.imports.worker.{module}.time", made)
    return made


@pytest.mark.usefixtures("services")
class TestBySize:
    def test_a_file_that_takes_longer_at_the_assumed_rate(self, clock: Clock) -> None:
        rate = get_settings().import_rate
        assert not Outlook(Meter(rate * 100), 100).outlasts_by_size(APPEND, Rates())
        assert Outlook(Meter(rate * 100 + 1), 100).outlasts_by_size(APPEND, Rates())

    def test_what_is_measured_counts_for_its_kind_only(self, clock: Clock) -> None:
        known = Rates()
        known.note(APPEND, 1_000_000, 1.0)
        assert known.expect(APPEND) == 1_000_000
        assert known.expect(Kind("relational", "upsert", "none")) == get_settings().import_rate
        assert Outlook(Meter(2_000_000), 1.5).outlasts_by_size(APPEND, known)

    def test_a_compressed_file_holds_more_than_its_size(self, clock: Clock) -> None:
        assert Rates().expect(GZIP) * COMPRESSION == Rates().expect(APPEND)

    def test_a_keyvalue_dataset_has_a_rate_of_its_own(self, clock: Clock) -> None:
        assert Rates().expect(ITEMS) == get_settings().keyvalue_import_rate < Rates().expect(APPEND)

    def test_time_that_is_gone_is_not_left(self, clock: Clock) -> None:
        expectation = Outlook(Meter(get_settings().import_rate * 50), 100)
        clock.now += 51
        assert expectation.outlasts_by_size(APPEND, Rates())

    def test_an_import_that_took_no_time_measures_nothing(self) -> None:
        known = Rates()
        known.note(APPEND, 100, 0.0)
        assert known.expect(APPEND) == get_settings().import_rate


class TestByRate:
    def _loading(self, clock: Clock, *, seconds: float, share: float) -> Outlook:
        """An import of which a share is loaded after 20 seconds of loading."""
        meter = Meter(1_000_000)
        expectation = Outlook(meter, seconds)
        meter.begin("loading")
        clock.now += 20
        meter.bytes = int(share * 1_000_000)
        return expectation

    def test_one_that_goes_on_like_this_too_long(self, clock: Clock) -> None:
        # 20 of 100 seconds, and a quarter of that on top for what follows the rows.
        assert not self._loading(clock, seconds=126, share=0.2).outlasts_by_rate(is_writing=False)
        assert self._loading(clock, seconds=124, share=0.2).outlasts_by_rate(is_writing=False)

    def test_the_beginning_says_nothing(self, clock: Clock) -> None:
        late = self._loading(clock, seconds=20 / outlook.EARLY_SHARE + 1, share=0.0001)
        assert not late.outlasts_by_rate(is_writing=False)
        clock.now += 1
        assert late.outlasts_by_rate(is_writing=False)

    def test_time_before_the_rows_counts(self, clock: Clock) -> None:
        meter = Meter(1_000_000)
        expectation = Outlook(meter, 124)
        clock.now += 60
        meter.begin("loading")
        clock.now += 20
        meter.bytes = 300_000
        assert expectation.outlasts_by_rate(is_writing=False)

    @pytest.mark.parametrize("phase", ["reading", "committing"])
    def test_phases_without_a_rate_say_nothing(self, clock: Clock, phase: str) -> None:
        expectation = self._loading(clock, seconds=30, share=0.2)
        expectation._meter.phase = phase  # type: ignore[assignment]  # a parameter
        assert not expectation.outlasts_by_rate(is_writing=False)

    def test_items_have_a_rate_of_their_own(self, clock: Clock) -> None:
        meter = Meter(1_000_000)
        expectation = Outlook(meter, 100)
        meter.begin("loading")
        meter.bytes, meter.rows_read = 1_000_000, 1000
        clock.now += 20
        meter.phase = "committing"
        assert not expectation.outlasts_by_rate(is_writing=True)
        clock.now += 10
        meter.rows_loaded = 200
        assert not expectation.outlasts_by_rate(is_writing=True)
        meter.rows_loaded = 100
        assert expectation.outlasts_by_rate(is_writing=True)
