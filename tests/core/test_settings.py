from collections.abc import Iterator

import pytest

from app.core.settings import Settings, SettingsInvalid, get_settings

COMPLETE = {
    "TOLVA_DATABASE_URL": "postgresql://localhost/tolva",
    "TOLVA_BUCKET": "tolva",
    "TOLVA_QUEUE_URL": "http://localhost/queue",
    "TOLVA_TABLE": "tolva",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """A complete environment to change; what other tests read is untouched."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"TOLVA_{name.upper()}", raising=False)
    for name, value in COMPLETE.items():
        monkeypatch.setenv(name, value)
    get_settings.cache_clear()
    yield monkeypatch
    get_settings.cache_clear()


class TestSettings:
    def test_a_complete_environment_is_enough(self, environment: pytest.MonkeyPatch) -> None:
        assert get_settings().bucket == "tolva"
        assert get_settings().admin_key is None

    def test_every_missing_variable_is_named(self, environment: pytest.MonkeyPatch) -> None:
        environment.delenv("TOLVA_BUCKET")
        environment.delenv("TOLVA_TABLE")
        with pytest.raises(SettingsInvalid, match=r"(?s)TOLVA_BUCKET: is missing.*TOLVA_TABLE: is missing"):
            get_settings()

    @pytest.mark.parametrize(
        ("name", "value", "reason"),
        [
            ("TOLVA_DATABASE_URL", "mysql://localhost/x", "must begin with postgresql://"),
            ("TOLVA_READER_URL", "mysql://localhost/x", "must begin with postgresql://"),
            ("TOLVA_ADMIN_KEY", "short", "at least 24 characters"),
            ("TOLVA_ROOT_PATH", "prod/", "must begin with /"),
            ("TOLVA_LOG_LEVEL", "loud", "must be DEBUG"),
            ("TOLVA_DATABASE_POOL_SIZE", "0", "greater than or equal to 1"),
            ("TOLVA_MAX_DOCUMENTED_DATASETS", "-1", "greater than or equal to 0"),
            ("TOLVA_MAX_DOCUMENT_BYTES", "10", "greater than or equal to 1024"),
            ("TOLVA_MAX_INDEXED_DATASETS", "0", "greater than or equal to 1"),
        ],
    )
    def test_an_unsafe_value_stops_the_start(
        self, environment: pytest.MonkeyPatch, name: str, value: str, reason: str
    ) -> None:
        environment.setenv(name, value)
        with pytest.raises(SettingsInvalid, match=f"{name}: .*{reason}"):
            get_settings()

    def test_the_message_does_not_repeat_a_secret(self, environment: pytest.MonkeyPatch) -> None:
        environment.setenv("TOLVA_ADMIN_KEY", "hunter2")
        with pytest.raises(SettingsInvalid) as raised:
            get_settings()
        assert "hunter2" not in str(raised.value)
