"""The typed routes of datasets with every kind of key do what the document of everything says of them."""

from httpx import AsyncClient

from tests.conformance.conftest import run_schemathesis
from tests.conformance.datasets import DATASETS

NAMES = "pairs|numbered|moments|batches|empty"


class TestKeys:
    async def test_each_route_answers_as_it_is_documented(self, api: AsyncClient) -> None:
        await run_schemathesis(api, "/openapi.json", "--include-path-regex", f"^/datasets/({NAMES})/")

    async def test_a_dataset_says_the_same_by_itself(self, api: AsyncClient) -> None:
        everything = (await api.get("/openapi.json")).json()
        for name in (dataset["name"] for dataset in DATASETS):
            alone = (await api.get(f"/datasets/{name}/openapi.json")).json()
            for kind, components in alone["components"].items():
                assert components.items() <= everything["components"][kind].items()
            assert alone["paths"].items() <= everything["paths"].items()
