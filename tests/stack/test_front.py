"""Fronts of the api: each front's resources, what they name, and which parameters it refuses."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from app.deploy.preflight.template import Document
from app.handlers import fronts, origin_guard
from tests.handlers.events import FRONTS, FUNCTION_URL_HOST
from tests.stack.evaluation import Evaluation
from tests.stack.templates import ROOT, load, parameters

NAMES = [front.name for front in FRONTS]
# What sam creates for the alias of a function and for the stage of a REST API.
OF_SAM = {"ApiAliaslive": "Api", "PicturesAliaslive": "Pictures"}
REGIONAL_CERTIFICATE = "arn:aws:acm:eu-west-1:000000000000:certificate/1"
CLOUDFRONT_CERTIFICATE = "arn:aws:acm:us-east-1:000000000000:certificate/2"
DOMAIN = {"DomainName": "api.example.com", "HostedZoneId": "Z1"}
DOMAINS = {
    "rest": {**DOMAIN, "CertificateArn": REGIONAL_CERTIFICATE},
    "http": {**DOMAIN, "CertificateArn": REGIONAL_CERTIFICATE},
    "url": {**DOMAIN, "CloudFrontCertificateArn": CLOUDFRONT_CERTIFICATE},
}
FIREWALL_ARN = "arn:aws:wafv2:us-east-1:000000000000:global/webacl/tolva-cloudfront/1"
STACKS: list[dict[str, str]] = [
    *({"Front": name} for name in NAMES),
    *({"Front": name, **DOMAINS[name]} for name in NAMES),
    *({"Front": name, **DOMAINS[name], "HostedZoneId": ""} for name in NAMES),
    *({"Front": name, **parameters("prod")} for name in NAMES),
    *({"Front": name, **DOMAINS[name], "Failover": "secondary"} for name in ("rest", "http")),
    {**DOMAINS["rest"], "CloudFrontCertificateArn": CLOUDFRONT_CERTIFICATE, "Firewall": "true"},
    {**DOMAINS["rest"], "EndpointType": "EDGE"},
    {"Firewall": "true", "NeedsGatewayKey": "true", "CacheSize": "0.5"},
    {"Front": "url", "CacheSeconds": "0", "CloudFrontFirewallArn": FIREWALL_ARN},
]


def _named(node: Any) -> Iterator[str]:
    """The names in a value of a template: of resources, or parameters that have no value."""
    if isinstance(node, str):
        yield from (name.partition(".")[0] for name in re.findall(r"\$\{([\w:.]+)\}", node))
    elif isinstance(node, list):
        for item in node:
            yield from _named(item)
    elif isinstance(node, dict):
        if "Ref" in node:
            yield node["Ref"].partition(".")[0]
        if "Fn::GetAtt" in node:
            yield node["Fn::GetAtt"][0]
        for key, item in node.items():
            yield from [item] if key == "DependsOn" and isinstance(item, str) else _named(item)


def _types(name: str) -> set[str]:
    return {resource["Type"] for resource in Evaluation(Front=name).resources().values()}


def _variables(template: Evaluation) -> dict[str, str]:
    found: dict[str, str] = template.properties("Api")["Environment"]["Variables"]
    return found


class TestResources:
    @pytest.mark.parametrize("given", STACKS, ids=lambda given: "-".join(given.values())[:60])
    def test_everything_that_is_named_is_there(self, given: dict[str, str]) -> None:
        template = Evaluation(**given)
        assert template.failing_rules() == []
        resources = template.resources()
        named = {OF_SAM.get(name, name) for name in _named([resources, template.outputs()])}
        assert {name for name in named - resources.keys() if not name.startswith("AWS::")} == set()

    @pytest.mark.parametrize("name", NAMES)
    def test_each_front_has_its_own_only(self, name: str) -> None:
        own = {
            "rest": {"AWS::Serverless::Api", "AWS::ApiGateway::UsagePlan", "AWS::ApiGateway::Account"},
            "http": {"AWS::ApiGatewayV2::Api", "AWS::ApiGatewayV2::Stage", "AWS::ApiGatewayV2::Route"},
            "url": {"AWS::Lambda::Url", "AWS::CloudFront::Distribution", "AWS::SecretsManager::Secret"},
        }
        others = set[str]().union(*(types for front, types in own.items() if front != name))
        assert own[name] <= _types(name)
        # The admin key is a secret too.
        assert others & _types(name) <= {"AWS::SecretsManager::Secret"}

    def test_the_rest_of_the_stack_is_the_same(self) -> None:
        def rest(name: str) -> dict[str, Any]:
            template = Evaluation(**{**parameters("prod"), "Front": name})
            changing = {"Api", "Pictures", "BucketPolicy", "ApiSlow", "GatewayErrors", "Dashboard"}
            return {key: item for key, item in template.resources().items() if key not in changing}

        shared = rest("rest").keys() & rest("http").keys() & rest("url").keys()
        assert {"Worker", "Cluster", "Bucket", "ApiThrottled", "WarmEnvironments"} <= shared
        for name in shared:
            same = [rest(front)[name] for front in NAMES]
            assert name in ("GatewayInvocation", "PictureInvocation") or same[0] == same[1] == same[2], name

    @pytest.mark.parametrize("name", NAMES)
    def test_as_many_run_as_long_with_each(self, name: str) -> None:
        api, rest = (Evaluation(**{**parameters("prod"), "Front": front}).properties("Api") for front in (name, "rest"))
        for unchanged in ("ReservedConcurrentExecutions", "Timeout", "MemorySize", "ProvisionedConcurrencyConfig"):
            assert api[unchanged] == rest[unchanged]


class TestAddress:
    @pytest.mark.parametrize(
        ("name", "url"),
        [
            ("rest", "https://${RestApi}.execute-api.eu-west-1.amazonaws.com/v1"),
            ("http", "https://${HttpApi}.execute-api.eu-west-1.amazonaws.com"),
            ("url", "https://${Distribution.DomainName}"),
        ],
    )
    def test_the_url_is_that_of_the_front_and_the_function_knows_its_path(self, name: str, url: str) -> None:
        template = Evaluation(Front=name)
        assert template.outputs()["Url"] == url
        assert _variables(template)["TOLVA_ROOT_PATH"] == ("/v1" if name == "rest" else "")

    @pytest.mark.parametrize("name", NAMES)
    def test_a_domain_leads_to_the_front(self, name: str) -> None:
        template = Evaluation(Front=name, **DOMAINS[name])
        outputs = template.outputs()
        assert (outputs["Url"], _variables(template)["TOLVA_ROOT_PATH"]) == ("https://api.example.com", "")
        record = template.properties("CloudFrontRecord" if name == "url" else "DomainRecord")
        assert record["AliasTarget"]["DNSName"] == outputs["DomainTarget"]

    def test_a_health_check_asks_the_regions_own_address(self) -> None:
        template = Evaluation(Front="http", **DOMAINS["http"], Failover="secondary")
        assert template.outputs()["HealthUrl"] == "https://${HttpApi}.execute-api.eu-west-1.amazonaws.com/health"
        assert template.properties("HttpApi")["DisableExecuteApiEndpoint"] is False
        assert Evaluation(Front="http", **DOMAINS["http"]).properties("HttpApi")["DisableExecuteApiEndpoint"] is True


class TestHttpApi:
    def test_one_route_takes_everything_to_the_version_that_serves(self) -> None:
        template = Evaluation(Front="http", RateLimit="9", BurstLimit="10")
        integration, stage = template.properties("HttpIntegration"), template.properties("HttpStage")
        assert template.properties("HttpRoute")["RouteKey"] == "$default"
        assert (integration["IntegrationUri"], integration["PayloadFormatVersion"]) == ({"Ref": "Api.Alias"}, "2.0")
        assert integration["TimeoutInMillis"] > template.properties("Api")["Timeout"] * 1000
        # Another name would be in the path.
        assert stage["StageName"] == "$default"
        assert stage["DefaultRouteSettings"] == {"ThrottlingRateLimit": "9", "ThrottlingBurstLimit": "10"}
        assert stage["AccessLogSettings"]["DestinationArn"] == {"Fn::GetAtt": ["AccessLogs", "Arn"]}

    def test_the_gateway_leaves_origins_to_the_function(self) -> None:
        # It would answer for the function, and knows no patterns.
        assert "CorsConfiguration" not in Evaluation(Front="http").properties("HttpApi")


class TestFunctionUrl:
    TEMPLATE = Evaluation(Front="url")

    def _distribution(self, **given: str) -> Document:
        found: Document = Evaluation(Front="url", **given).properties("Distribution")["DistributionConfig"]
        return found

    def test_it_is_that_of_the_version_that_serves(self) -> None:
        url = self.TEMPLATE.properties("FunctionUrl")
        assert (url["TargetFunctionArn"], url["Qualifier"]) == ({"Ref": "Api"}, "live")
        assert fronts.FUNCTION_URLS in FUNCTION_URL_HOST

    def test_the_function_knows_the_secret_that_cloudfront_sends(self) -> None:
        origin = self._distribution()["Origins"][0]
        (header,) = origin["OriginCustomHeaders"]
        assert header["HeaderName"] == origin_guard.ORIGIN_HEADER
        assert header["HeaderValue"] == _variables(self.TEMPLATE)["TOLVA_ORIGIN_SECRET"]
        assert "OriginSecret" in header["HeaderValue"]

    @pytest.mark.parametrize("name", ["rest", "http"])
    def test_no_other_front_has_one_in_the_function(self, name: str) -> None:
        assert _variables(Evaluation(Front=name))["TOLVA_ORIGIN_SECRET"] == ""

    def test_cloudfront_says_who_asked_and_which_host(self) -> None:
        code = self.TEMPLATE.properties("ViewerAddress")["FunctionCode"]
        assert f"['{origin_guard.CALLER_HEADER}'] = {{value: event.viewer.ip}}" in code
        assert f"['{origin_guard.HOST_HEADER}'] = {{value: event.request.headers.host.value}}" in code

    def test_the_function_is_asked_by_its_own_host(self) -> None:
        # AllViewerExceptHostHeader: Lambda finds a function's URL by its host, and so it is no part of the cache's key.
        policy = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
        distribution = self._distribution()
        behaviours = [distribution["DefaultCacheBehavior"], *distribution["CacheBehaviors"]]
        assert {behaviour.get("OriginRequestPolicyId") for behaviour in behaviours} == {policy, None}
        key = self.TEMPLATE.properties("ListCache")["CachePolicyConfig"]["ParametersInCacheKeyAndForwardedToOrigin"]
        headers = {"Accept", "Authorization", "If-None-Match", "Origin", origin_guard.HOST_HEADER}
        assert set(key["HeadersConfig"]["Headers"]) == headers

    def test_both_permissions_are_for_everybody_by_the_url_only(self) -> None:
        found = [self.TEMPLATE.properties(f"FunctionUrl{name}") for name in ("Permission", "Invocation")]
        assert [item["Action"] for item in found] == ["lambda:InvokeFunctionUrl", "lambda:InvokeFunction"]
        assert (found[0]["FunctionUrlAuthType"], found[1]["InvokedViaFunctionUrl"]) == ("NONE", True)

    def test_lists_are_cached_unless_no_seconds_are_given(self) -> None:
        # One more is that of pictures.
        assert len(self._distribution()["CacheBehaviors"]) == 3
        assert len(self._distribution(CacheSeconds="0")["CacheBehaviors"]) == 1
        assert "ListCache" not in Evaluation(Front="url", CacheSeconds="0").resources()

    def test_cloudfronts_own_domain_needs_no_certificate(self) -> None:
        assert self._distribution()["ViewerCertificate"] == {"CloudFrontDefaultCertificate": True}
        own = self._distribution(**DOMAINS["url"])
        assert own["Aliases"] == ["api.example.com"]
        assert own["ViewerCertificate"]["AcmCertificateArn"] == CLOUDFRONT_CERTIFICATE

    def test_its_firewall_is_of_the_region_where_cloudfront_looks(self) -> None:
        assert self._distribution(CloudFrontFirewallArn=FIREWALL_ARN)["WebACLId"] == FIREWALL_ARN
        firewall = Evaluation(".ci/firewall.yaml").properties("WebFirewall")
        regional = Evaluation(Firewall="true").properties("WebFirewall")
        assert firewall["Scope"] == "CLOUDFRONT"
        assert firewall["Rules"] == regional["Rules"]
        known = load(".ci/firewall.yaml")["Parameters"]["FirewallRate"]
        assert known == load()["Parameters"]["FirewallRate"]


class TestWatching:
    @pytest.mark.parametrize(
        ("name", "metric", "dimensions"),
        [
            ("rest", "5XXError", {"ApiName": "tolva", "Stage": "v1"}),
            ("http", "5xx", {"ApiId": {"Ref": "HttpApi"}, "Stage": "$default"}),
            ("url", "Url5xxCount", {"FunctionName": "tolva-api"}),
        ],
    )
    def test_the_alarms_are_of_the_front(self, name: str, metric: str, dimensions: dict[str, Any]) -> None:
        errors = Evaluation(Front=name).properties("GatewayErrors")
        assert errors["MetricName"] == metric
        assert {item["Name"]: item["Value"] for item in errors["Dimensions"]} == dimensions
        slow = Evaluation(Front=name).properties("ApiSlow")
        assert slow["Namespace"] == errors["Namespace"] == ("AWS/Lambda" if name == "url" else "AWS/ApiGateway")

    @pytest.mark.parametrize("name", NAMES)
    def test_the_dashboard_shows_the_metrics_of_the_alarms(self, name: str) -> None:
        template = Evaluation(Front=name)
        body = template.properties("Dashboard")["DashboardBody"]
        assert body.count("{") == body.count("}")
        for alarm in ("GatewayErrors", "ApiSlow"):
            assert f'"{template.properties(alarm)["MetricName"]}"' in body

    @pytest.mark.parametrize("name", NAMES)
    def test_there_are_as_many_alarms_with_each(self, name: str) -> None:
        types = [resource["Type"] for resource in Evaluation(Front=name).resources().values()]
        rest = [resource["Type"] for resource in Evaluation().resources().values()]
        assert types.count("AWS::CloudWatch::Alarm") == rest.count("AWS::CloudWatch::Alarm")


class TestRules:
    @pytest.mark.parametrize("name", ["http", "url"])
    @pytest.mark.parametrize(
        "given", [{"NeedsGatewayKey": "true"}, {"CacheSize": "0.5"}, {"Firewall": "true"}, {"EndpointType": "EDGE"}]
    )
    def test_what_only_a_rest_api_has_is_refused(self, name: str, given: dict[str, str]) -> None:
        assert Evaluation(**given).failing_rules() == []
        assert Evaluation(Front=name, **given).failing_rules() == ["OnlyRestHasAll"]

    @pytest.mark.parametrize(
        ("given", "rule"),
        [
            ({"Front": "http", **DOMAINS["http"], "CloudFrontCertificateArn": "1"}, "HttpHasNoCloudFront"),
            ({"Front": "url", **DOMAINS["rest"]}, "CloudFrontsDomainNeedsCertificate"),
            ({"Front": "http", **DOMAIN}, "DomainNeedsCertificate"),
            ({"Front": "http", "CloudFrontFirewallArn": FIREWALL_ARN}, "CloudFrontFirewallNeedsUrl"),
            ({"CacheSize": "0.5", "CacheSeconds": "0"}, "CacheHasTime"),
            ({"Front": "url", **DOMAINS["url"], "Failover": "secondary"}, "FailoverNeedsRecord"),
        ],
    )
    def test_what_does_not_fit_together_is_refused(self, given: dict[str, str], rule: str) -> None:
        assert rule in Evaluation(**given).failing_rules()


class TestGuide:
    def test_it_compares_the_fronts_that_there_are(self) -> None:
        known = load()["Parameters"]["Front"]
        section = (ROOT / "docs/deploy.md").read_text("utf-8").partition("\n## Fronts\n")[2]
        header = next(line for line in section.splitlines() if line.startswith("|"))
        assert re.findall(r"`(\w+)`( \(default\))?", header) == [
            (name, " (default)" if name == known["Default"] else "") for name in known["AllowedValues"]
        ]
        assert known["AllowedValues"] == NAMES
