"""The gateway's document is what the application's routes are, and the caches know all that an answer depends on."""

import json
import re
from typing import Annotated, Any

import pytest
from fastapi import FastAPI, Query
from fastapi.routing import iter_route_contexts

from app.deploy.gateway import (
    ANY,
    CACHED,
    KEYED_HEADERS,
    PICTURE_PATHS,
    PICTURES,
    UndeclaredParameters,
    gateway_document,
    write_into,
)
from app.main import create_app
from tests.stack.evaluation import Evaluation
from tests.stack.templates import ROOT, load, properties

COMMITTED = properties("RestApi")["DefinitionBody"]
# Headers that the application reads, and that no answer to a GET out of a cache depends on.
OF_REQUESTS_WITH_BODY = {
    *("content-disposition", "content-encoding", "content-length", "content-type", "if-match", "idempotency-key"),
}
OF_THE_LOG = {"x-request-id", "x-amzn-trace-id"}
# With the gateway, which compresses by itself, documents do not depend on it.
OF_DOCUMENTS = {"accept-encoding"}
# They decide whether an Origin is the API's own, which no browser sends with a GET. What is cached for it says of no
# page that it may read the answer.
OF_OWN_PAGES = {"host", "sec-fetch-site", "x-forwarded-host"}


@pytest.fixture
def app(setting: None, monkeypatch: pytest.MonkeyPatch) -> FastAPI:
    """The application, with settings that lead nowhere: its routes are all that is asked for."""
    for name in ("BUCKET", "QUEUE_URL", "TABLE"):
        monkeypatch.setenv(f"TOLVA_{name}", "none")
    monkeypatch.setenv("TOLVA_DATABASE_URL", "postgresql://none.invalid/none")
    return create_app()


def _in_gateway(path: str) -> str:
    return path.replace("/records/{key:path}", "/records/{key+}")


class TestDocument:
    def test_the_committed_one_is_current(self, app: FastAPI) -> None:
        template = (ROOT / "template.yaml").read_text("utf-8")
        assert write_into(template, gateway_document(app)) == template, "Run .ci/gateway."

    def test_it_has_the_path_of_every_route(self, app: FastAPI) -> None:
        paths = {_in_gateway(route.path or "") for route in iter_route_contexts(app.routes) if route.methods}
        assert paths < COMMITTED["paths"].keys()

    def test_every_path_takes_any_method_and_what_a_browser_asks_before(self) -> None:
        for operations in COMMITTED["paths"].values():
            assert {ANY, "options"} <= operations.keys()

    def test_unknown_paths_reach_the_application(self) -> None:
        assert {"/", "/{path+}"} <= COMMITTED["paths"].keys()

    def test_it_has_no_path_that_the_gateway_keeps_for_itself(self) -> None:
        assert not {"/ping", "/sping"} & COMMITTED["paths"].keys()

    def test_every_operation_leads_to_a_function(self) -> None:
        integrations = [
            operation["x-amazon-apigateway-integration"]
            for operations in COMMITTED["paths"].values()
            for operation in operations.values()
        ]
        for item in integrations:
            assert (item["type"], item["httpMethod"]) == ("aws_proxy", "POST")
            assert item["uri"]["Fn::Sub"][1] in ({"Function": {"Ref": "Api.Alias"}}, {"Function": {"Ref": PICTURES}})

    def test_pictures_lead_to_their_function(self) -> None:
        led = {
            path
            for path, operations in COMMITTED["paths"].items()
            for operation in operations.values()
            if operation["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"][1] == {"Function": {"Ref": PICTURES}}
        }
        assert led == set(PICTURE_PATHS)

    def test_a_browser_needs_no_key_of_the_gateway_to_ask_what_it_may(self) -> None:
        for operations in COMMITTED["paths"].values():
            assert "security" not in operations["options"]
            assert all("security" in operation for name, operation in operations.items() if name != "options")

    def test_what_the_gateway_refuses_is_a_problem(self) -> None:
        for refusal in COMMITTED["x-amazon-apigateway-gateway-responses"].values():
            template = refusal["responseTemplates"]["application/json"]
            problem = json.loads(template.replace("$context.error.messageString", '"Too many."'))
            assert problem.keys() == {"type", "title", "status", "detail", "request_id"}
            assert problem["status"] == refusal["statusCode"]
            assert refusal["responseParameters"]["gatewayresponse.header.Content-Type"] == "'application/problem+json'"


class TestGatewayCache:
    @pytest.mark.parametrize("path", CACHED)
    def test_its_key_has_all_that_the_route_declares(self, app: FastAPI, path: str) -> None:
        operation = COMMITTED["paths"][path.replace("/records/{key}", "/records/{key+}")]["get"]
        keys = set(operation["x-amazon-apigateway-integration"]["cacheKeyParameters"])
        places = {"query": "querystring", "path": "path", "header": "header"}
        described = app.openapi()["paths"][path]["get"].get("parameters", [])
        assert keys >= {f"method.request.{places[item['in']]}.{item['name']}" for item in described}
        assert keys >= {f"method.request.header.{header}" for header in KEYED_HEADERS}
        assert keys == {f"method.request.{places[item['in']]}.{item['name']}" for item in operation["parameters"]}

    def test_no_other_route_has_one(self) -> None:
        cached = {
            (path, method)
            for path, operations in COMMITTED["paths"].items()
            for method, operation in operations.items()
            if "cacheKeyParameters" in operation["x-amazon-apigateway-integration"]
        }
        assert cached == {(path.replace("/records/{key}", "/records/{key+}"), "get") for path in CACHED}

    def test_the_stage_caches_these_and_nothing_else(self) -> None:
        everything, *cached = properties("RestApi")["MethodSettings"]
        assert (everything["ResourcePath"], everything["CachingEnabled"]) == ("/*", False)
        paths = {item["ResourcePath"].removeprefix("/").replace("~1", "/") for item in cached}
        assert paths == {path.replace("/records/{key}", "/records/{key+}") for path in CACHED}
        assert {item["HttpMethod"] for item in cached} == {"GET"}
        assert all(item["CacheDataEncrypted"] for item in (everything, *cached))

    def test_a_route_that_takes_any_names_cannot_be_cached(self) -> None:
        app = FastAPI()
        schema = {"name": "filters", "in": "query", "schema": {"type": "object"}}

        @app.get("/datasets", openapi_extra={"parameters": [schema]})
        def list_anything() -> None: ...

        with pytest.raises(UndeclaredParameters, match="filters"):
            gateway_document(app)

    def test_a_new_parameter_of_a_cached_route_comes_into_its_key(self) -> None:
        app = FastAPI()

        @app.get("/datasets")
        def list_datasets(order: Annotated[str | None, Query(alias="_order")] = None) -> None: ...

        integration = gateway_document(app)["paths"]["/datasets"]["get"]["x-amazon-apigateway-integration"]
        assert "method.request.querystring._order" in integration["cacheKeyParameters"]

    def test_no_header_is_read_that_the_keys_leave_out(self) -> None:
        read: set[str] = set()
        # What stands for AWS on a laptop reads those that AWS has.
        for path in set((ROOT / "app").rglob("*.py")) - set((ROOT / "app" / "local").rglob("*.py")):
            text = path.read_text("utf-8")
            read |= {name.lower() for name in re.findall(r"headers\.get(?:list)?\(\s*\"([\w-]+)\"", text)}
        keyed = {header.lower() for header in KEYED_HEADERS}
        assert read - keyed - OF_REQUESTS_WITH_BODY - OF_THE_LOG - OF_DOCUMENTS - OF_OWN_PAGES == set()


# CloudFront before a REST API, and before the function's URL.
CLOUDFRONT = [({"CloudFrontCertificateArn": "1"}, "Host"), ({"Front": "url"}, "x-forwarded-host")]


@pytest.mark.parametrize(("given", "host"), CLOUDFRONT, ids=["rest", "url"])
class TestCloudFront:
    def test_its_key_is_the_whole_query_the_caller_and_the_host(self, given: dict[str, str], host: str) -> None:
        config: dict[str, Any] = Evaluation(**given).properties("ListCache")["CachePolicyConfig"]
        key = config["ParametersInCacheKeyAndForwardedToOrigin"]
        assert key["QueryStringsConfig"] == {"QueryStringBehavior": "all"}
        assert {*KEYED_HEADERS, host} == set(key["HeadersConfig"]["Headers"])

    def test_it_caches_reads_of_lists_and_pictures_only(self, given: dict[str, str], host: str) -> None:
        behaviors = Evaluation(**given).properties("Distribution")["DistributionConfig"]["CacheBehaviors"]
        assert {item["PathPattern"] for item in behaviors} == {
            *("/datasets/*/records", "/datasets/*/aggregate", "/images/*/content")
        }
        assert all(item["CachedMethods"] == ["GET", "HEAD"] for item in behaviors)


class TestDomain:
    def test_cloudfront_needs_the_gateways_own(self) -> None:
        rule = load()["Rules"]["CloudFrontNeedsDomain"]
        assert "DomainName" in json.dumps(rule["Assertions"])
