import pytest
from httpx import AsyncClient

SECRET = "tolva_0123456789abcdef0123456789abcdef_" + "s" * 43


class TestMisplacedKey:
    @pytest.mark.parametrize("address", ["/datasets", "/datasets/any/records"])
    @pytest.mark.parametrize(
        ("headers", "query", "words"),
        [
            ({"X-API-Key": SECRET}, "", "a header 'x-api-key'"),
            ({"apikey": SECRET}, "", "a header 'apikey'"),
            ({"Authorization": f"Basic {SECRET}"}, "", "'Authorization: Basic …'"),
            ({"Authorization": f"Token {SECRET}"}, "", "'Authorization: Token …'"),
            ({"Authorization": SECRET}, "", "without 'Bearer'"),
            ({}, f"?api_key={SECRET}", "a parameter 'api_key' in its URL"),
            ({}, f"?access_token={SECRET}", "a parameter 'access_token' in its URL"),
        ],
    )
    async def test_its_place_is_named_and_its_text_is_not(
        self, anonymous: AsyncClient, address: str, headers: dict[str, str], query: str, words: str
    ) -> None:
        response = await anonymous.get(f"{address}{query}", headers=headers)
        assert (response.status_code, response.json()["type"]) == (401, "/problems/key-missing")
        assert words in response.json()["detail"]
        assert "Authorization: Bearer" in response.json()["hint"]
        assert SECRET not in response.text

    async def test_without_one_nothing_is_named(self, anonymous: AsyncClient) -> None:
        response = await anonymous.get("/datasets?_limit=1")
        assert response.json()["detail"] == "The request carries no API key."


class TestUnknownKey:
    @pytest.mark.parametrize(
        ("key", "words"),
        [
            (f"{SECRET} x", "a key is one word"),
            (f"'{SECRET}'", "a quote"),
            ("$TOLVA_KEY", "a sign of a variable"),
            ("sk_live_1", "begin with tolva_"),
            (SECRET, "copied whole"),
        ],
    )
    async def test_what_is_wrong_with_it_is_named(self, anonymous: AsyncClient, key: str, words: str) -> None:
        response = await anonymous.get("/datasets", headers={"Authorization": f"Bearer {key}"})
        assert (response.status_code, response.json()["type"]) == (401, "/problems/key-unknown")
        assert words in response.json()["hint"]
        assert SECRET not in response.text
