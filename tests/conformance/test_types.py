"""The typed routes of datasets with every type and every constraint do what the document of everything says of them."""

import pytest
from httpx import AsyncClient

from tests.conformance.conftest import run_schemathesis


class TestTypes:
    @pytest.mark.parametrize("names", ["makers|everything", "constrained", "stored|readings"])
    async def test_each_route_answers_as_it_is_documented(self, api: AsyncClient, names: str) -> None:
        await run_schemathesis(api, "/openapi.json", "--include-path-regex", f"^/datasets/({names})/")
