import pytest
from httpx import AsyncClient

from tests.records.garden import LIST


async def _skus(client: AsyncClient, address: str) -> list[str]:
    response = await client.get(f"{LIST}?{address}")
    assert response.status_code == 200, response.text
    return [record["sku"] for record in response.json()["data"]]


@pytest.mark.usefixtures("products")
class TestFilters:
    @pytest.mark.parametrize(
        ("address", "skus"),
        [
            ("stock=12", "B1 B2"),
            ("stock__ne=12", "A1 A2 C1 C2"),
            ("price__ne=12.5", "A1 A2 B1 C2"),
            ("price__in=5,12.50", "B2 C1 C2"),
            ("price__nin=5,12.50", "A1 A2 B1"),
            ("price__isnull=true", "B1"),
            ("price__isnull=false&stock__lt=3", "A2 C2"),
            ("price__between=5,24", "A1 B2 C1 C2"),
            ("price__gt=12.499", "A1 A2 B2 C1"),
            ("name__contains=a", "A1 A2 B1 C2"),
            ("name__contains=%25", "B2"),
            ("name__contains=l_s", "B2"),
            ("name__contains=l_S", ""),
            ("name__startswith=Garden", "A1 A2"),
            ("name__startswith=100%25 w", "B2"),
            ("name__like=_am%25", "B1"),
            ("name__ilike=l%C3%81M%25", "C2"),
            ('name__in="Garden table, round",Lamp', "A2 B1"),
            ('tags__contains={"color":"red"}', "A1 A2"),
            ("tags__contains=[2]", "B2"),
            ("tags__isnull=true", "B1"),
        ],
    )
    async def test_each_operator(self, client: AsyncClient, address: str, skus: str) -> None:
        assert await _skus(client, address) == skus.split()

    async def test_a_body_joins_conditions(self, client: AsyncClient) -> None:
        where = {"_or": [{"stock": 12}, {"_not": {"price": {"lt": 50}}}], "sku": {"ne": "A2"}}
        response = await client.post(f"{LIST}/query", json={"where": where, "sort": ["-sku"], "count": "exact"})
        page = response.json()
        assert [record["sku"] for record in page["data"]] == ["B2", "B1"]
        assert (page["next"], page["count"]) == (None, 2)

    async def test_a_condition_and_its_negation_share_all_records(self, client: AsyncClient) -> None:
        for condition in ({"price": {"lt": 20}}, {"name": {"contains": "a"}}, {"price": {"ne": 5}}):
            found = []
            for where in (condition, {"_not": condition}):
                response = await client.post(f"{LIST}/query", json={"where": where})
                found += [record["sku"] for record in response.json()["data"]]
            assert sorted(found) == ["A1", "A2", "B1", "B2", "C1", "C2"]
