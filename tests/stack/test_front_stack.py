"""The other fronts as `sam deploy` makes them in the emulator: what is before the function, and what it knows of it."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.stack.conftest import NAME, REGION, Stack, created_stack


def _variables(stack: Stack) -> dict[str, str]:
    """The settings of the function."""
    found = stack.client("lambda").get_function_configuration(FunctionName=f"{NAME}-api")
    variables: dict[str, str] = found["Environment"]["Variables"]
    return variables


def _types(stack: Stack) -> set[str]:
    found = stack.client("cloudformation").describe_stack_resources(StackName=NAME)["StackResources"]
    return {item["ResourceType"] for item in found}


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The stack with an HTTP API."""
    with created_stack(tmp_path_factory.mktemp("http"), Front="http", Firewall="false") as stack:
        yield stack


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The stack with CloudFront before the function's URL."""
    with created_stack(tmp_path_factory.mktemp("url"), Front="url", Firewall="false") as stack:
        yield stack


class TestHttpApi:
    def test_each_route_leads_to_the_version_that_serves(self, http: Stack) -> None:
        gateway = http.client("apigatewayv2")
        api = http.physical_id("HttpApi")
        integrations = {
            f"integrations/{item['IntegrationId']}": item["IntegrationUri"].rpartition(":function:")[2]
            for item in gateway.get_integrations(ApiId=api)["Items"]
        }
        routes = {item["RouteKey"]: integrations[item["Target"]] for item in gateway.get_routes(ApiId=api)["Items"]}
        assert routes == {
            "$default": f"{NAME}-api:live",
            "ANY /images/{image}/content": f"{NAME}-pictures:live",
            "ANY /variants/{image}/{version}/{shape}": f"{NAME}-pictures:live",
        }
        assert [stage["StageName"] for stage in gateway.get_stages(ApiId=api)["Items"]] == ["$default"]

    def test_it_answers_without_a_stage_in_the_path(self, http: Stack) -> None:
        api = http.physical_id("HttpApi")
        assert http.outputs()["Url"] == f"https://{api}.execute-api.{REGION}.amazonaws.com"
        assert _variables(http)["TOLVA_ROOT_PATH"] == ""

    def test_there_is_no_other_front(self, http: Stack) -> None:
        assert not {"AWS::ApiGateway::RestApi", "AWS::Lambda::Url", "AWS::CloudFront::Distribution"} & _types(http)


class TestFunctionUrl:
    @pytest.fixture
    def distribution(self, url: Stack) -> dict[str, Any]:
        """CloudFront's configuration."""
        found = url.client("cloudfront").get_distribution(Id=url.physical_id("Distribution"))
        return {"DomainName": found["Distribution"]["DomainName"], **found["Distribution"]["DistributionConfig"]}

    def test_cloudfront_asks_the_url_of_the_version_that_serves(self, url: Stack, distribution: dict[str, Any]) -> None:
        origins = {item["Id"]: item["DomainName"] for item in distribution["Origins"]["Items"]}
        for name in ("api", "pictures"):
            found = url.client("lambda").get_function_url_config(FunctionName=f"{NAME}-{name}", Qualifier="live")
            assert found["FunctionUrl"] == f"https://{origins[name]}/"
            assert found["AuthType"] == "NONE"

    def test_both_know_one_secret(self, url: Stack, distribution: dict[str, Any]) -> None:
        secret_id = url.physical_id("OriginSecret")
        secret = url.client("secretsmanager").get_secret_value(SecretId=secret_id)["SecretString"]
        for origin in distribution["Origins"]["Items"]:
            if origin["Id"] != "bucket":
                (header,) = origin["CustomHeaders"]["Items"]
                assert (header["HeaderName"], header["HeaderValue"]) == ("x-tolva-origin", secret)
        assert (_variables(url)["TOLVA_ORIGIN_SECRET"], len(secret)) == (secret, 48)

    def test_it_answers_at_cloudfront(self, url: Stack, distribution: dict[str, Any]) -> None:
        assert url.outputs()["Url"] == f"https://{distribution['DomainName']}"
        assert _variables(url)["TOLVA_ROOT_PATH"] == ""

    def test_there_is_no_gateway(self, url: Stack) -> None:
        assert not {kind for kind in _types(url) if kind.startswith("AWS::ApiGateway")}
