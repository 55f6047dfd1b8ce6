from httpx import ASGITransport, AsyncClient

from tests.raw_requests import send_raw


class TestRouteNotFound:
    async def test_a_near_route_is_proposed(self, client: AsyncClient) -> None:
        response = await client.get("/datasts")
        assert (response.status_code, response.json()["type"]) == (404, "/problems/route-not-found")
        assert "Did you mean 'datasets'?" in response.json()["detail"]

    async def test_bytes_that_are_no_text_are_answered_all_the_same(self, transport: ASGITransport) -> None:
        for address in (b"/absent?\xff", b"/absent\xff", b"/absent%ff", b"//absent?%ff"):
            response = await send_raw(transport.app, "GET", address)
            assert (response.status_code, response.json()["type"]) == (404, "/problems/route-not-found")


class TestMethodNotAllowed:
    async def test_every_method_of_the_path_is_named(self, client: AsyncClient) -> None:
        response = await client.put("/datasets")
        assert (response.status_code, response.json()["type"]) == (405, "/problems/method-not-allowed")
        assert response.headers["allow"] == "GET, HEAD, POST"


class TestRequestInvalid:
    async def test_each_mistake_is_located(self, client: AsyncClient) -> None:
        body = {"name": "x", "columns": [{"name": "a", "type": "float"}, {"name": "b", "type": "text", "size": 1}]}
        response = await client.post("/datasets", json=body)
        assert (response.status_code, response.json()["type"]) == (422, "/problems/request-invalid")
        errors = response.json()["errors"]
        assert [(error["in"], error["path"]) for error in errors] == [
            ("body", "columns/0/type"),
            ("body", "columns/1/size"),
        ]
        assert all(error["message"] for error in errors)

    async def test_no_body_is_a_mistake(self, client: AsyncClient) -> None:
        response = await client.post("/datasets")
        assert (response.status_code, response.json()["type"]) == (422, "/problems/request-invalid")

    async def test_broken_unicode_is_a_mistake(self, client: AsyncClient) -> None:
        headers = {"Content-Type": "application/json"}
        response = await client.post("/datasets", content=rb'{"name": "x", "title": "\ud800"}', headers=headers)
        assert (response.status_code, response.json()["type"]) == (422, "/problems/request-invalid")

    async def test_a_member_that_is_no_text_is_told_all_the_same(self, client: AsyncClient) -> None:
        headers = {"Content-Type": "application/json"}
        response = await client.post("/datasets", content=rb'{"name": "x", "\ud800": 1}', headers=headers)
        assert (response.status_code, response.json()["type"]) == (422, "/problems/request-invalid")


class TestMalformedJson:
    async def test_it_is_told_from_an_unfit_body(self, client: AsyncClient) -> None:
        response = await client.post("/datasets", content=b'{"name":', headers={"Content-Type": "application/json"})
        assert (response.status_code, response.json()["type"]) == (400, "/problems/malformed-json")

    async def test_bytes_that_are_no_text(self, client: AsyncClient) -> None:
        response = await client.post("/datasets", content=b"\xff\xfe\x00", headers={"Content-Type": "application/json"})
        assert (response.status_code, response.json()["type"]) == (400, "/problems/malformed-json")


class TestParameterInvalid:
    async def test_the_parameter_is_named(self, client: AsyncClient) -> None:
        response = await client.get("/datasets?_limit=none")
        assert (response.status_code, response.json()["type"]) == (400, "/problems/parameter-invalid")
        assert response.json()["errors"][0]["path"] == "_limit"


class TestUnknownParameter:
    async def test_a_near_one_is_proposed(self, client: AsyncClient) -> None:
        response = await client.get("/datasets?_limits=3")
        assert (response.status_code, response.json()["type"]) == (400, "/problems/unknown-parameter")
        assert "Did you mean '_limit'?" in response.json()["detail"]
