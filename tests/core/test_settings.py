from collections.abc import Iterator

import pytest
from annotated_types import Ge, Gt, Le

from app.core.settings import Settings, SettingsInvalid, get_settings, in_lambda

COMPLETE = {
    "TOLVA_DATABASE_URL": "postgresql://localhost/tolva",
    "TOLVA_BUCKET": "tolva",
    "TOLVA_QUEUE_URL": "http://localhost/queue",
    "TOLVA_TABLE": "tolva",
}


def beyond_bounds() -> Iterator[tuple[str, str]]:
    """Each setting that is a number, with the nearest value that each of its bounds refuses."""
    for name, field in Settings.model_fields.items():
        for bound in field.metadata:
            if isinstance(bound, Ge):
                yield f"TOLVA_{name.upper()}", str(int(bound.ge) - 1)  # type: ignore[call-overload]  # a number
            elif isinstance(bound, Gt):
                yield f"TOLVA_{name.upper()}", str(bound.gt)
            elif isinstance(bound, Le):
                yield f"TOLVA_{name.upper()}", str(int(bound.le) + 1)  # type: ignore[call-overload]  # a number


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


@pytest.mark.usefixtures("environment")
class TestInLambda:
    @pytest.fixture
    def function(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "tolva-api")

    def test_lambda_names_its_function(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("AWS_LAMBDA_FUNCTION_NAME", raising=False)
        assert not in_lambda()
        monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "tolva-api")
        assert in_lambda()

    @pytest.mark.usefixtures("function")
    def test_an_upload_url_that_would_outlive_its_credentials_stops_the_start(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TOLVA_UPLOAD_EXPIRY_SECONDS", "3601")
        with pytest.raises(SettingsInvalid, match="TOLVA_UPLOAD_EXPIRY_SECONDS: must be 3,600 or less in Lambda"):
            get_settings()

    @pytest.mark.usefixtures("function")
    def test_an_hour_is_taken(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TOLVA_UPLOAD_EXPIRY_SECONDS", "3600")
        assert get_settings().upload_expiry_seconds == 3600

    def test_elsewhere_it_may_be_a_week(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TOLVA_UPLOAD_EXPIRY_SECONDS", "604800")
        assert get_settings().upload_expiry_seconds == 604_800


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
            ("TOLVA_ORIGIN_SECRET", "short", "at least 24 characters"),
            ("TOLVA_ROOT_PATH", "prod/", "must begin with /"),
            ("TOLVA_LOG_LEVEL", "loud", "must be DEBUG"),
            ("TOLVA_PUBLIC_URL", "api.example.com", "must be an address"),
            ("TOLVA_PUBLIC_URL", "ftp://api.example.com", "must be an address"),
            ("TOLVA_PUBLIC_URL", "https://", "must be an address"),
            ("TOLVA_PUBLIC_URL", "https://api.example.com/", "no / at its end"),
            ("TOLVA_PUBLIC_URL", "https://api.example.com/prod/", "no / at its end"),
            ("TOLVA_PUBLIC_URL", "https://api.example.com//prod", "must be an address"),
            ("TOLVA_PUBLIC_URL", "https://api.example.com?stage=prod", "no query"),
            ("TOLVA_PUBLIC_URL", "https://api.example.com/prod#top", "no #"),
            ("TOLVA_PUBLIC_URL", "https://user:secret@api.example.com", "must be an address"),
            ("TOLVA_PUBLIC_URL", 'https://api.example.com/"', "must be an address"),
        ],
    )
    def test_an_unsafe_value_stops_the_start(
        self, environment: pytest.MonkeyPatch, name: str, value: str, reason: str
    ) -> None:
        environment.setenv(name, value)
        with pytest.raises(SettingsInvalid, match=f"{name}: .*{reason}"):
            get_settings()

    @pytest.mark.parametrize(
        "address",
        ["https://api.example.com", "http://127.0.0.1:8000", "http://[::1]:8000", "https://x.example/prod/v1"],
    )
    def test_urls_begin_with_the_public_address(self, environment: pytest.MonkeyPatch, address: str) -> None:
        environment.setenv("TOLVA_ROOT_PATH", "/prod")
        environment.setenv("TOLVA_PUBLIC_URL", address)
        assert get_settings().base_url == address

    def test_without_one_they_begin_with_the_root_path(self, environment: pytest.MonkeyPatch) -> None:
        assert not get_settings().base_url
        environment.setenv("TOLVA_ROOT_PATH", "/prod")
        get_settings.cache_clear()
        assert get_settings().base_url == "/prod"

    @pytest.mark.parametrize(("name", "value"), list(beyond_bounds()))
    def test_a_number_beyond_its_bound_stops_the_start(
        self, environment: pytest.MonkeyPatch, name: str, value: str
    ) -> None:
        environment.setenv(name, value)
        with pytest.raises(SettingsInvalid, match=f"{name}: .*(greater|less) than"):
            get_settings()

    def test_every_number_has_a_bound(self) -> None:
        numbers = {name for name, field in Settings.model_fields.items() if field.annotation in (int, float)}
        assert numbers == {name.removeprefix("TOLVA_").lower() for name, _ in beyond_bounds()}

    def test_the_message_does_not_repeat_a_secret(self, environment: pytest.MonkeyPatch) -> None:
        environment.setenv("TOLVA_ADMIN_KEY", "hunter2")
        with pytest.raises(SettingsInvalid) as raised:
            get_settings()
        assert "hunter2" not in str(raised.value)
