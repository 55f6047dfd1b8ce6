from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from app.access.keys.models import ApiKey, ApiKeyCreate, ApiKeyPublic


class TestApiKeyCreate:
    def test_what_it_opens_may_be_limited(self) -> None:
        later = datetime.now(UTC) + timedelta(days=1)
        body = ApiKeyCreate.model_validate({"name": "x", "scopes": ["read"], "datasets": ["a"], "expires_at": later})
        assert (body.datasets, body.expires_at) == (["a"], later)

    @pytest.mark.parametrize(
        ("members", "reason"),
        [
            ({"scopes": []}, "at least 1"),
            ({"scopes": ["own"]}, "'read', 'write' or 'admin'"),
            ({"datasets": []}, "at least 1"),
            ({"expires_at": "2020-01-01T00:00:00Z"}, "must be in the future"),
            ({"expires_at": "2999-01-01T00:00:00"}, "timezone"),
        ],
    )
    def test_one_that_opens_nothing_is_refused(self, members: dict[str, Any], reason: str) -> None:
        with pytest.raises(ValidationError, match=reason):
            ApiKeyCreate.model_validate({"name": "x", "scopes": ["read"], **members})


class TestApiKey:
    def test_it_is_shown_without_its_secret(self) -> None:
        key = ApiKey(name="x", secret_hash=b"secret", scopes=["read"])
        assert "secret_hash" not in ApiKeyPublic.model_validate(key).model_dump()
        assert key.row.secret_hash == b"secret"
