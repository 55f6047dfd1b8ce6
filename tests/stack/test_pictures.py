"""Pictures in AWS: where they arrive, and the ways by which they are shown."""

import json
import shutil
import subprocess
from itertools import combinations
from typing import Any
from urllib.parse import parse_qsl

import pytest

from app.images.objects import INCOMING, VARIANTS
from app.images.variants.content import parameters_of
from app.images.variants.ladder import FORMATS, RUNGS, all_shapes, parse_query, shape_name
from tests.stack.evaluation import Evaluation
from tests.stack.templates import properties

DOMAIN = {"DomainName": "api.example.com", "CertificateArn": "arn:aws:acm:eu-west-1:000000000000:certificate/1"}
CLOUDFRONT = {**DOMAIN, "CloudFrontCertificateArn": "arn:aws:acm:us-east-1:000000000000:certificate/1"}
FRONTS = [{"Front": "url"}, CLOUDFRONT]
IMAGE, VERSION = "img_0123456789abcdef0123", "0123456789abcdeF"

needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="CloudFront's function is JavaScript")


def _behaviour(template: Evaluation) -> dict[str, Any]:
    behaviours = template.properties("Distribution")["DistributionConfig"]["CacheBehaviors"]
    (found,) = [item for item in behaviours if item["PathPattern"] == "/images/*/content"]
    return dict(found)


class TestArrival:
    def test_no_prefix_that_is_announced_begins_with_another(self) -> None:
        # S3 refuses such notifications, and the emulator does not.
        watched = properties("Bucket")["NotificationConfiguration"]["QueueConfigurations"]
        prefixes = [item["Filter"]["S3Key"]["Rules"][0]["Value"] for item in watched]
        for one, other in combinations(prefixes, 2):
            assert not one.startswith(other)
            assert not other.startswith(one)
        assert INCOMING in prefixes

    def test_pictures_have_a_queue_of_their_own(self) -> None:
        watched = properties("Bucket")["NotificationConfiguration"]["QueueConfigurations"]
        queues = {item["Filter"]["S3Key"]["Rules"][0]["Value"]: item["Queue"] for item in watched}
        assert queues.pop(INCOMING) == {"Fn::GetAtt": ["ImageQueue", "Arn"]}
        assert set(map(str, queues.values())) == {str({"Fn::GetAtt": ["Queue", "Arn"]})}

    def test_the_bucket_waits_until_it_may_announce(self) -> None:
        assert set(Evaluation().resources()["Bucket"]["DependsOn"]) == {"QueuePolicy", "ImageQueuePolicy"}

    def test_a_message_stays_hidden_six_times_as_long_as_the_worker_may_run(self) -> None:
        assert properties("ImageQueue")["VisibilityTimeout"] >= 6 * properties("Worker")["Timeout"]

    def test_what_fails_again_and_again_is_put_aside(self) -> None:
        assert properties("ImageQueue")["RedrivePolicy"]["deadLetterTargetArn"] == {
            "Fn::GetAtt": ["DeadLetters", "Arn"]
        }

    def test_only_variants_expire(self) -> None:
        rules = Evaluation(VariantDays="90").properties("Bucket")["LifecycleConfiguration"]["Rules"]
        of_pictures = [rule for rule in rules if rule.get("Prefix", "").startswith(("images", VARIANTS))]
        assert [(rule["Prefix"], rule["ExpirationInDays"]) for rule in of_pictures] == [(VARIANTS, "90")]

    def test_a_copy_of_another_region_checks_none(self) -> None:
        worker = Evaluation(GlobalDatabase="secondary", PrimaryRegion="eu-west-1").properties("Worker")
        assert worker["Events"]["Pictures"]["Properties"]["Enabled"] is False


class TestAddress:
    def test_urls_begin_with_the_domain_or_what_is_given(self) -> None:
        assert Evaluation().globals()["TOLVA_PUBLIC_URL"] == ""
        assert Evaluation(**DOMAIN).globals()["TOLVA_PUBLIC_URL"] == "https://api.example.com"
        given = Evaluation(**DOMAIN, PublicUrl="https://cdn.example.com/api").globals()
        assert given["TOLVA_PUBLIC_URL"] == "https://cdn.example.com/api"


class TestFront:
    def test_an_http_api_leads_pictures_to_their_function(self) -> None:
        template = Evaluation(Front="http")
        routes = [template.properties(name) for name in ("HttpContentRoute", "HttpVariantRoute")]
        assert {route["Target"] for route in routes} == {"integrations/${HttpPictures}"}
        assert template.properties("HttpPictures")["IntegrationUri"] == {"Ref": "Pictures.Alias"}

    @pytest.mark.parametrize("front", FRONTS)
    def test_nobody_comes_to_the_function_around_cloudfront(self, front: dict[str, str]) -> None:
        variables = Evaluation(**front).properties("Pictures")["Environment"]["Variables"]
        assert variables["TOLVA_ORIGIN_SECRET"] != ""
        assert Evaluation().properties("Pictures")["Environment"]["Variables"]["TOLVA_ORIGIN_SECRET"] == ""

    @pytest.mark.parametrize("front", FRONTS)
    def test_cloudfront_takes_pictures_from_the_bucket_and_the_rest_from_the_function(
        self, front: dict[str, str]
    ) -> None:
        template = Evaluation(**front)
        distribution = template.properties("Distribution")["DistributionConfig"]
        (group,) = distribution["OriginGroups"]["Items"]
        assert _behaviour(template)["TargetOriginId"] == group["Id"]
        assert [item["OriginId"] for item in group["Members"]["Items"]] == ["bucket", "pictures"]
        # The bucket says of what is not there that it may not be read.
        assert {403, 404} <= set(group["FailoverCriteria"]["StatusCodes"]["Items"])
        assert {origin["Id"] for origin in distribution["Origins"]} == {"api", "pictures", "bucket"}
        policy = template.properties("BucketPolicy")["PolicyDocument"]["Statement"][-1]
        assert (policy["Principal"]["Service"], policy["Resource"]) == (
            "cloudfront.amazonaws.com",
            "${Bucket.Arn}/variants/*",
        )

    @pytest.mark.parametrize("front", FRONTS)
    def test_it_need_not(self, front: dict[str, str]) -> None:
        template = Evaluation(**front, PicturesFromBucket="false")
        assert _behaviour(template)["TargetOriginId"] == "pictures"
        assert "OriginGroups" not in template.properties("Distribution")["DistributionConfig"]
        assert len(template.properties("BucketPolicy")["PolicyDocument"]["Statement"]) == 1

    def test_an_origin_group_only_reads(self) -> None:
        assert set(_behaviour(Evaluation(**CLOUDFRONT))["AllowedMethods"]) == {"GET", "HEAD", "OPTIONS"}

    def test_no_key_and_no_cookie_reaches_the_cache(self) -> None:
        policy = Evaluation(**CLOUDFRONT).properties("PictureCache")["CachePolicyConfig"]
        parts = policy["ParametersInCacheKeyAndForwardedToOrigin"]
        assert (parts["HeadersConfig"], parts["CookiesConfig"]) == (
            {"HeaderBehavior": "none"},
            {"CookieBehavior": "none"},
        )


@needs_node
class TestPath:
    """CloudFront's function reads the same URLs as the ladder, and none else."""

    SCRIPT = (
        "const lines = require('fs').readFileSync(0, 'utf8').split('\\n').filter(Boolean);"
        "for (const line of lines) { const event = JSON.parse(line); const answer = handler(event);"
        "console.log(JSON.stringify([answer.uri, Object.keys(answer.querystring).length])); }"
    )

    def _paths(self, queries: list[list[tuple[str, str]]]) -> list[str | None]:
        """The object's path for each query, None for one that goes on as it is."""
        code = Evaluation(**CLOUDFRONT).properties("PicturePath")["FunctionCode"]
        events = "\n".join(json.dumps(self._event(query)) for query in queries)
        done = subprocess.run(
            ["node", "-e", f"{code}\n{self.SCRIPT}"], input=events, capture_output=True, text=True, check=True
        )
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        return [None if uri == f"/images/{IMAGE}/content" else uri for uri, _ in answers]

    def _event(self, query: list[tuple[str, str]]) -> dict[str, Any]:
        querystring: dict[str, Any] = {}
        for name, value in query:
            if name in querystring:
                querystring[name].setdefault("multiValue", [{"value": querystring[name]["value"]}])
                querystring[name]["multiValue"].append({"value": value})
            else:
                querystring[name] = {"value": value}
        request = {"uri": f"/images/{IMAGE}/content", "querystring": querystring, "headers": {"host": {"value": "x"}}}
        return {"viewer": {"ip": "192.0.2.1"}, "request": request}

    def test_every_shape_is_its_object(self) -> None:
        shapes = all_shapes()
        queries = [[("v", VERSION), *parse_qsl(shape.query)] for shape in shapes]
        expected = [
            f"/{VARIANTS}{IMAGE}/{VERSION}/{shape_name(shape.width, shape.height, shape.format)}" for shape in shapes
        ]
        assert self._paths(queries) == expected
        for shape, path in zip(shapes, expected, strict=True):
            assert parse_query(parameters_of(path.rpartition("/")[2], VERSION)) == (VERSION, shape)

    def test_what_the_ladder_refuses_goes_on_as_it_is(self) -> None:
        base = [("v", VERSION), ("w", "640")]
        refused = [
            [("w", "640")],
            [("v", VERSION)],
            [("v", "short"), ("w", "640")],
            [("v", VERSION), ("w", "641")],
            [("v", VERSION), ("w", "0640")],
            [*base, ("w", "640")],
            [*base, ("x", "7")],
            [*base, ("format", "WEBP")],
            [*base, ("h", "640")],
            [*base, ("fit", "cover")],
            [*base, ("fit", "fill"), ("h", "640")],
            [*base, ("fit", "cover"), ("h", "64")],
            [*base, ("v", VERSION)],
        ]
        assert self._paths(refused) == [None] * len(refused)

    def test_the_order_of_parameters_and_defaults_make_no_other_object(self) -> None:
        queries = [
            [("w", "640"), ("v", VERSION)],
            [("v", VERSION), ("w", "640"), ("format", "webp"), ("fit", "contain")],
        ]
        assert len(set(self._paths(queries))) == 1

    def test_its_ladder_is_the_applications(self) -> None:
        code = Evaluation(**CLOUDFRONT).properties("PicturePath")["FunctionCode"]
        assert f"[{', '.join(repr(str(rung)) for rung in RUNGS)}]" in code
        assert f"[{', '.join(map(repr, FORMATS))}]" in code
