"""The templates hold together: with each other, with the settings, and with what stands for AWS on a laptop."""

import json
import re
from typing import Any
from uuid import UUID

import pytest

from app.core.aws.clients import client
from app.core.http.middleware import SAFE_HEADERS
from app.core.settings import Settings
from app.deploy.preflight.template import Document
from app.handlers.metrics import COUNTED, NAMESPACE
from app.handlers.migrate import MASTER
from app.imports.messages import ImportHandedOver, ImportQueued
from app.local.services.emulator import BUCKET, TABLE
from app.local.services.resources import EXPIRY_ATTRIBUTE, IMAGE_PREFIXES, WATCHED_PREFIXES
from tests.stack.evaluation import Evaluation
from tests.stack.templates import ROOT, load, parameters, properties

FUNCTIONS = ("Api", "Worker", "Pictures", "Migrate")
HANDLERS = {"Pictures": "images"}
ROLES = {"Pictures": "PictureRole"}
# What one environment holds: an api one connection to the writer and one to the reader, a worker its pool.
API_CONNECTIONS, WORKER_CONNECTIONS, OTHERS = 2, 3, 20
GATEWAY_SECONDS = 29
LAMBDA_SECONDS = 900
# An account's concurrency, and what Lambda wants to be left for functions that reserve none.
ACCOUNT_CONCURRENCY, UNRESERVED_CONCURRENCY = 1000, 100


def _reserved(environment: str) -> dict[str, int]:
    """The concurrency that each function of an environment reserves."""
    template = Evaluation(**parameters(environment))
    return {name: int(template.properties(name)["ReservedConcurrentExecutions"]) for name in FUNCTIONS}


def _alarms(environment: str) -> int:
    resources = Evaluation(**parameters(environment)).resources().values()
    return len([item for item in resources if item["Type"] == "AWS::CloudWatch::Alarm"])


def _zones(template: Evaluation) -> tuple[str, ...]:
    return tuple(template.properties(f"Subnet{letter}")["AvailabilityZone"] for letter in "AB")


def _function(name: str) -> Document:
    return properties(name)


def _variables(name: str) -> Document:
    common = load()["Globals"]["Function"]["Environment"]["Variables"]
    return {**common, **_function(name).get("Environment", {}).get("Variables", {})}


class TestParameters:
    def test_each_is_in_one_group(self) -> None:
        template = load()
        groups = template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
        grouped = [name for group in groups for name in group["Parameters"]]
        assert sorted(grouped) == sorted(template["Parameters"])

    @pytest.mark.parametrize("environment", ["dev", "prod"])
    def test_each_environments_are_parameters_and_allowed(self, environment: str) -> None:
        known = load()["Parameters"]
        for name, value in parameters(environment).items():
            assert value in {str(item) for item in known[name].get("AllowedValues", [value])}, name

    def test_a_database_that_others_rely_on_is_protected_and_has_two_zones(self) -> None:
        prod = parameters("prod")
        assert (prod["Protected"], prod["HighlyAvailable"], float(prod["MinCapacity"]) > 0) == ("true", "true", True)

    def test_the_one_for_development_costs_nothing_at_rest(self) -> None:
        dev = parameters("dev")
        assert (dev["MinCapacity"], dev.get("ProvisionedConcurrency", "0")) == ("0", "0")

    @pytest.mark.parametrize("environment", ["dev", "prod"])
    def test_warm_environments_are_fewer_than_there_may_be(self, environment: str) -> None:
        assert int(parameters(environment).get("ProvisionedMaximum", 0)) <= _reserved(environment)["Api"]

    @pytest.mark.parametrize("environment", ["dev", "prod"])
    def test_no_more_are_reserved_than_the_database_takes(self, environment: str) -> None:
        given = parameters(environment)
        assert _reserved(environment)["Api"] <= load()["Mappings"]["Capacity"][given["MaxCapacity"]]["Api"]

    def test_all_environments_fit_into_one_account(self) -> None:
        reserved = [sum(_reserved(environment).values()) for environment in ("dev", "prod")]
        assert sum(reserved) <= ACCOUNT_CONCURRENCY - UNRESERVED_CONCURRENCY

    def test_an_account_without_concurrency_to_spare_reserves_none(self) -> None:
        template = Evaluation(**{**parameters("dev"), "ApiConcurrency": "0"})
        assert not [name for name in FUNCTIONS if "ReservedConcurrentExecutions" in template.properties(name)]


class TestGuide:
    PAGE = (ROOT / "docs/deploy.md").read_text("utf-8")

    def test_the_parameters_it_names_are_there(self) -> None:
        known = load()["Parameters"].keys()
        table = self.PAGE.partition("## Parameters that matter")[2].partition("**Caches**")[0]
        named = set(
            re.findall(r"`([A-Z]\w+)`", "".join(line.split("|")[1] for line in table.splitlines() if "|" in line))
        )
        assert named
        assert named | set(re.findall(r"`([A-Z]\w+)=\w+`", self.PAGE)) <= known

    def test_it_counts_the_alarms_and_metrics_that_there_are(self) -> None:
        fields = {"status": 200, "ms": 1, "added": 0, "changed": 0}
        metrics = [measure for measures in COUNTED.values() for measure in measures(fields)]
        counted = re.findall(r"(\d+) (alarms|metrics)", self.PAGE)
        dev, prod = (_alarms(environment) for environment in ("dev", "prod"))
        assert counted == [(str(dev), "alarms"), (str(prod), "alarms"), (str(len(metrics)), "metrics")]

    def test_its_sums_are_right(self) -> None:
        blocks = re.findall(r"(?:^\|.*\n)+^\| \*\*sum.*", self.PAGE, re.MULTILINE)
        assert len(blocks) == 2
        for block in blocks:
            *rows, total = [line.split("|")[2:-1] for line in block.splitlines()[2:]]
            for column, text in enumerate(total):
                costs = [float(re.findall(r"[\d.]+", row[column])[-1]) for row in rows]
                assert round(sum(costs), 2) == float(text.strip(" *")), block


class TestConnections:
    def test_the_functions_never_ask_for_more_than_the_database_takes(self) -> None:
        for size, row in load()["Mappings"]["Capacity"].items():
            asked = row["Api"] * API_CONNECTIONS + row["Workers"] * WORKER_CONNECTIONS + OTHERS
            assert asked <= row["Connections"], size

    def test_the_database_takes_so_many(self) -> None:
        # Aurora's default is a connection for each 9,531,392 bytes, of 2 GiB for each ACU less what it needs itself.
        for size, row in load()["Mappings"]["Capacity"].items():
            assert row["Connections"] <= min(int(size) * 2 * 1024**3 * 0.9 / 9_531_392, 2000), size
            assert row["ManyConnections"] == row["Connections"] * 0.8

    def test_every_size_has_its_numbers(self) -> None:
        template = load()
        sizes = {str(size) for size in template["Parameters"]["MaxCapacity"]["AllowedValues"]}
        assert template["Mappings"]["Capacity"].keys() == sizes

    def test_the_pools_are_as_counted(self) -> None:
        assert _variables("Api")["TOLVA_DATABASE_POOL_SIZE"] == str(API_CONNECTIONS // 2)
        assert _variables("Worker")["TOLVA_DATABASE_POOL_SIZE"] == str(WORKER_CONNECTIONS)

    @pytest.mark.parametrize(("name", "number"), [("Api", "Api"), ("Worker", "Workers")])
    def test_the_functions_are_limited_by_these_numbers(self, name: str, number: str) -> None:
        for size, numbers in load()["Mappings"]["Capacity"].items():
            assert Evaluation(MaxCapacity=size).properties(name)["ReservedConcurrentExecutions"] == numbers[number]
            assert numbers["Workers"] == numbers["Worker"] + numbers["Checks"]


class TestNetwork:
    def test_the_zones_are_the_regions_first_or_those_that_are_named(self) -> None:
        assert _zones(Evaluation()) == ("eu-west-1a", "eu-west-1b")
        assert _zones(Evaluation(ZoneA="eu-west-1b", ZoneB="eu-west-1c")) == ("eu-west-1b", "eu-west-1c")

    @pytest.mark.parametrize("zones", [{"ZoneA": "eu-west-1c"}, {"ZoneB": "eu-west-1c"}])
    def test_one_alone_is_refused(self, zones: dict[str, str]) -> None:
        assert Evaluation(**zones).failing_rules() == ["ZonesAreTwo"]
        assert Evaluation(ZoneA="eu-west-1c", ZoneB="eu-west-1c").failing_rules() == ["ZonesAreTwo"]


class TestFunctions:
    @pytest.mark.parametrize("name", FUNCTIONS)
    def test_each_runs_its_handler_out_of_the_one_image(self, name: str) -> None:
        function = _function(name)
        handler = HANDLERS.get(name, name.lower())
        assert function["ImageConfig"]["Command"] == [f"app.handlers.{handler}.handler"]
        assert (ROOT / f"app/handlers/{handler}.py").is_file()
        assert (function["PackageType"], function["ImageUri"]) == ("Image", {"Ref": "ImageUri"})

    @pytest.mark.parametrize("name", FUNCTIONS)
    def test_each_is_given_settings_that_there_are(self, name: str) -> None:
        known = {f"TOLVA_{field.upper()}" for field in Settings.model_fields}
        assert set(_variables(name)) <= known

    @pytest.mark.parametrize("name", FUNCTIONS)
    def test_each_is_given_the_settings_that_it_needs(self, name: str) -> None:
        needed = {f"TOLVA_{key.upper()}" for key, field in Settings.model_fields.items() if field.is_required()}
        assert needed <= _variables(name).keys()

    @pytest.mark.parametrize("name", FUNCTIONS)
    def test_each_has_a_role_of_its_own(self, name: str) -> None:
        assert _function(name)["Role"] == {"Fn::GetAtt": [ROLES.get(name, f"{name}Role"), "Arn"]}

    def test_the_api_gives_up_before_the_gateway_does(self) -> None:
        timeout = _function("Api")["Timeout"]
        settings = Settings.model_fields
        assert timeout < GATEWAY_SECONDS
        for name in ("statement_timeout_seconds", "change_timeout_seconds"):
            assert settings[name].default < timeout
        assert float(_variables("Api")["TOLVA_EXPORT_TIMEOUT_SECONDS"]) < timeout

    @pytest.mark.parametrize("name", ["Api", "Worker", "Pictures"])
    def test_the_database_is_migrated_before_the_new_code_comes(self, name: str) -> None:
        assert load()["Resources"][name]["DependsOn"] == "Migration"

    def test_each_release_migrates_with_its_own_code(self) -> None:
        migration = properties("Migration")
        assert (migration["ServiceToken"], migration["Release"]) == (
            {"Fn::GetAtt": ["Migrate", "Arn"]},
            {"Ref": "Release"},
        )
        assert _function("Migrate")["Description"] == {"Fn::Sub": "release ${Release}"}

    def test_migrate_logs_in_as_the_master_that_there_is(self) -> None:
        assert properties("Cluster")["MasterUsername"]["Fn::If"][:2] == ["IsNew", MASTER]

    def test_cloudformation_waits_as_long_as_a_migration_may_take(self) -> None:
        assert properties("Migration")["ServiceTimeout"] > _function("Migrate")["Timeout"]
        assert _function("Migrate")["Timeout"] == LAMBDA_SECONDS

    @pytest.mark.parametrize("name", ["Api", "Worker", "Pictures"])
    def test_each_release_is_a_version(self, name: str) -> None:
        function = _function(name)
        assert (function["AutoPublishAlias"], function["AutoPublishCodeSha256"]) == ("live", {"Ref": "Release"})
        assert function["Description"] == {"Fn::Sub": "release ${Release}"}


# CloudFront's own policies, by the ids that its guide lists.
ALL_VIEWER = "216adef6-5c7f-47e4-b989-5492eafa07d3"
CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"


def _behaviours(template: Evaluation) -> list[Document]:
    """The behavior of CloudFront for each path, beginning with those that no other one is for."""
    distribution = template.properties("Distribution")["DistributionConfig"]
    return [distribution["DefaultCacheBehavior"], *distribution["CacheBehaviors"]]


def _is_of_pictures(behaviour: Document) -> bool:
    return bool(behaviour.get("PathPattern", "").startswith("/images/"))


class TestCache:
    def test_cloudfront_hands_on_all_that_a_caller_sends(self) -> None:
        behaviours = _behaviours(Evaluation(**CLOUDFRONT))
        assert behaviours[0]["CachePolicyId"] == CACHING_DISABLED
        # Pictures are the same for everybody.
        policies = {
            behaviour.get("OriginRequestPolicyId") for behaviour in behaviours if not _is_of_pictures(behaviour)
        }
        assert policies == {ALL_VIEWER}

    def test_lists_are_kept_though_answers_ask_caches_not_to(self) -> None:
        kept = properties("ListCache")["CachePolicyConfig"]
        assert SAFE_HEADERS["Cache-Control"].startswith("private")
        # CloudFront heeds what an answer says of caches unless the least time is more than none.
        assert kept["MinTTL"] == kept["DefaultTTL"] == kept["MaxTTL"] == {"Ref": "CacheSeconds"}


BUSY = {"BusyFrom": "cron(0 7 ? * MON-FRI *)", "BusyUntil": "cron(0 19 ? * MON-FRI *)", "BusyConcurrency": "9"}
SCALED = {"ProvisionedConcurrency": "2", "ProvisionedMaximum": "50"}


class TestWarmEnvironments:
    def test_when_nobody_calls_there_are_fewer_again(self) -> None:
        policy = Evaluation(**SCALED).properties("WarmEnvironmentsFollowDemand")
        queries = policy["TargetTrackingScalingPolicyConfiguration"]["CustomizedMetricSpecification"]["Metrics"]
        used, filled = queries
        # Without calls the metric has no values, of which an alarm makes nothing.
        assert filled["Expression"] == f"FILL({used['Id']}, 0)"
        assert [query["ReturnData"] for query in queries] == [False, True]
        dimensions = {item["Name"]: item["Value"] for item in used["MetricStat"]["Metric"]["Dimensions"]}
        assert dimensions == {"FunctionName": "tolva-api", "Resource": "tolva-api:live"}

    def test_busy_hours_are_a_schedule_in_their_time_zone(self) -> None:
        target = Evaluation(**BUSY, **SCALED, TimeZone="Europe/Madrid").properties("WarmEnvironments")
        busy, quiet = target["ScheduledActions"]
        assert (busy["Schedule"], quiet["Schedule"]) == (BUSY["BusyFrom"], BUSY["BusyUntil"])
        assert {busy["Timezone"], quiet["Timezone"]} == {"Europe/Madrid"}
        assert busy["ScalableTargetAction"]["MinCapacity"] == "9"

    @pytest.mark.parametrize("missing", ["BusyFrom", "BusyUntil", "ProvisionedConcurrency", "ProvisionedMaximum"])
    def test_a_schedule_that_would_do_nothing_is_refused(self, missing: str) -> None:
        given = {**BUSY, **SCALED}
        del given[missing]
        assert Evaluation(**BUSY, **SCALED).failing_rules() == []
        assert Evaluation(**given).failing_rules() != []


CLOUDFRONT = {
    "CertificateArn": "arn:aws:acm:eu-west-1:000000000000:certificate/1",
    "CloudFrontCertificateArn": "arn:aws:acm:us-east-1:000000000000:certificate/2",
    "DomainName": "api.example.com",
}


class TestFirewall:
    def _rules(self, **given: str) -> dict[str, Document]:
        rules = Evaluation(Firewall="true", **given).properties("WebFirewall")["Rules"]
        assert len({rule["Priority"] for rule in rules}) == len(rules)
        return {rule["Name"]: rule for rule in rules}

    def test_it_counts_the_requests_of_an_address(self) -> None:
        rate = self._rules()["rate"]["Statement"]["RateBasedStatement"]
        assert (rate["AggregateKeyType"], "ForwardedIPConfig" in rate) == ("IP", False)

    def test_with_cloudfront_it_counts_by_the_address_that_cloudfront_sees(self) -> None:
        rate = self._rules(**CLOUDFRONT)["rate"]["Statement"]["RateBasedStatement"]
        assert rate["ForwardedIPConfig"]["HeaderName"] == "x-tolva-viewer"
        template = Evaluation(Firewall="true", **CLOUDFRONT)
        assert (
            "headers['x-tolva-viewer'] = {value: event.viewer.ip}"
            in template.properties("ViewerAddress")["FunctionCode"]
        )
        for behaviour in _behaviours(template):
            (association,) = behaviour["FunctionAssociations"]
            assert association["EventType"] == "viewer-request"

    def test_nobody_comes_to_the_gateway_around_cloudfront(self) -> None:
        first, *_ = sorted(self._rules(**CLOUDFRONT).values(), key=lambda rule: rule["Priority"])
        (header,) = Evaluation(Firewall="true", **CLOUDFRONT).properties("Distribution")["DistributionConfig"][
            "Origins"
        ][0]["OriginCustomHeaders"]
        match = first["Statement"]["NotStatement"]["Statement"]["ByteMatchStatement"]
        assert first["Action"] == {"Block": {}}
        assert match["FieldToMatch"] == {"SingleHeader": {"Name": header["HeaderName"]}}
        assert match["SearchString"] == header["HeaderValue"] == "{{resolve:secretsmanager:${OriginSecret}}}"

    def test_without_cloudfront_everybody_comes_to_the_gateway(self) -> None:
        assert "origin" not in self._rules()

    def test_keys_of_records_and_plain_programs_are_not_blocked(self) -> None:
        group = self._rules()["common"]["Statement"]["ManagedRuleGroupStatement"]
        counted = {item["Name"] for item in group["RuleActionOverrides"] if item["ActionToUse"] == {"Count": {}}}
        assert {"RestrictedExtensions_URIPATH", "NoUserAgent_HEADER"} <= counted


DOMAIN = {
    "CertificateArn": CLOUDFRONT["CertificateArn"],
    "DomainName": CLOUDFRONT["DomainName"],
    "HostedZoneId": "Z1",
}
PRIMARY = {"GlobalDatabase": "primary", "MinCapacity": "1"}
SECONDARY = {
    "GlobalDatabase": "secondary",
    "MinCapacity": "1",
    "PrimaryRegion": "us-east-1",
    "TableName": "tolva",
}
# The names that are one for all regions of an account, by the type of the resource; AWS's guides of each say so.
GLOBAL_NAMES = {
    "AWS::Budgets::Budget": ("Budget", "BudgetName"),
    "AWS::CloudFront::CachePolicy": ("CachePolicyConfig", "Name"),
    "AWS::CloudFront::Function": ("Name",),
    "AWS::CloudWatch::Dashboard": ("DashboardName",),
    "AWS::S3::Bucket": ("BucketName",),
}


class TestRestore:
    @pytest.mark.parametrize(
        "given",
        [
            {"SnapshotIdentifier": "arn:aws:rds:eu-west-1:000000000000:cluster-snapshot:1"},
            {"RestoreFromCluster": "tolva", "RestoreToTime": "2026-11-25T08:00:00Z"},
        ],
        ids=["snapshot", "moment"],
    )
    def test_a_second_stack_begins_with_a_copy_and_its_users(self, given: dict[str, str]) -> None:
        template = Evaluation(Name="tolva-restored", **given)
        cluster = template.properties("Cluster")
        assert template.failing_rules() == []
        # RDS refuses these for a copy, and migrate logs in as the functions' user.
        refused = {"DatabaseName", "MasterUsername", "ManageMasterUserPassword", "StorageEncrypted"}
        assert refused & cluster.keys() == set()
        assert template.properties("Migrate")["Environment"]["Variables"]["TOLVA_MASTER_PASSWORD"] == ""
        assert cluster["DBClusterIdentifier"] == "tolva-restored"

    def test_a_moment_names_its_cluster_and_its_time(self) -> None:
        given = {"RestoreFromCluster": "tolva", "RestoreToTime": "2026-11-25T08:00:00Z"}
        cluster = Evaluation(**given).properties("Cluster")
        assert (cluster["SourceDBClusterIdentifier"], cluster["RestoreToTime"]) == tuple(given.values())

    @pytest.mark.parametrize(
        "given",
        [
            {"RestoreFromCluster": "tolva"},
            {"RestoreToTime": "2026-11-25T08:00:00Z"},
            {"SnapshotIdentifier": "1", "RestoreFromCluster": "tolva", "RestoreToTime": "2026-11-25T08:00:00Z"},
            {"SnapshotIdentifier": "1", "GlobalDatabase": "primary", "MinCapacity": "1"},
        ],
    )
    def test_half_a_restore_is_refused(self, given: dict[str, str]) -> None:
        assert Evaluation(**given).failing_rules() != []

    def test_the_query_editor_reaches_the_database_if_it_is_wanted(self) -> None:
        assert Evaluation().properties("Cluster")["EnableHttpEndpoint"] == "false"
        assert Evaluation(DataApi="true").properties("Cluster")["EnableHttpEndpoint"] == "true"


class TestBudget:
    def test_what_the_account_costs_is_mailed_before_it_is_too_much(self) -> None:
        template = Evaluation(MonthlyBudget="300", AlarmEmail="you@example.com")
        budget = template.properties("Budget")
        assert budget["Budget"]["BudgetLimit"] == {"Amount": "300", "Unit": "USD"}
        kinds = {item["Notification"]["NotificationType"] for item in budget["NotificationsWithSubscribers"]}
        assert kinds == {"ACTUAL", "FORECASTED"}

    def test_one_that_nobody_would_hear_of_is_refused(self) -> None:
        assert Evaluation(MonthlyBudget="300").failing_rules() == ["BudgetHasReader"]
        assert "Budget" not in Evaluation(AlarmEmail="you@example.com").resources()


class TestAlarms:
    def test_what_is_late_and_what_spills_over_is_said(self) -> None:
        prod = Evaluation(**parameters("prod"))
        assert prod.properties("ReaderBehind")["MetricName"] == "AuroraReplicaLagMaximum"
        assert prod.properties("ApiSpills")["MetricName"] == "ProvisionedConcurrencySpilloverInvocations"
        assert Evaluation(**SECONDARY).properties("RegionBehind")["MetricName"] == "AuroraGlobalDBReplicationLag"
        assert not {"ReaderBehind", "ApiSpills", "RegionBehind"} & Evaluation().resources().keys()


class TestRegions:
    def test_names_that_are_one_for_all_regions_carry_the_region(self) -> None:
        given = {**CLOUDFRONT, "Firewall": "true", "MonthlyBudget": "9", "AlarmEmail": "you@example.com"}
        for name, resource in Evaluation(**given).resources().items():
            path = GLOBAL_NAMES.get(resource["Type"], ())
            value: Any = resource["Properties"] if path else "eu-west-1"
            for part in path:
                value = value[part]
            assert value.endswith("eu-west-1"), name

    @pytest.mark.parametrize("given", [SECONDARY, {**PRIMARY, "ReadOnly": "true"}], ids=["secondary", "demoted"])
    def test_a_copy_reads_at_its_own_reader_and_writes_nothing(self, given: dict[str, str]) -> None:
        template = Evaluation(**given)
        assert template.failing_rules() == []
        for name in FUNCTIONS:
            variables = {**template.globals(), **template.properties(name).get("Environment", {}).get("Variables", {})}
            assert "${Cluster.ReadEndpoint.Address}" in variables["TOLVA_DATABASE_URL"]
            assert variables["TOLVA_READ_ONLY"] == "true"
        assert template.properties("Migration")["ReadOnly"] == "true"
        events = template.properties("Worker")["Events"]
        assert events["Files"]["Properties"]["Enabled"] is False
        assert events["Recovery"]["Properties"]["State"] == "DISABLED"

    @pytest.mark.parametrize(
        "given", [{}, PRIMARY, {**SECONDARY, "ReadOnly": "false"}], ids=["alone", "primary", "promoted"]
    )
    def test_another_one_writes(self, given: dict[str, str]) -> None:
        template = Evaluation(**given)
        assert "${Cluster.Endpoint.Address}" in template.globals()["TOLVA_DATABASE_URL"]
        assert template.globals()["TOLVA_READ_ONLY"] == "false"
        assert template.properties("Migration")["ReadOnly"] == "false"
        assert template.properties("Worker")["Events"]["Files"]["Properties"]["Enabled"] is True

    def test_a_promotion_leaves_the_cluster_as_it_is(self) -> None:
        # RDS would create it again if its master or its global cluster changed.
        assert Evaluation(**SECONDARY).properties("Cluster") == (
            Evaluation(**SECONDARY, ReadOnly="false").properties("Cluster")
        )

    def test_a_secondary_can_copy_what_is_encrypted(self) -> None:
        cluster = Evaluation(**SECONDARY).properties("Cluster")
        assert cluster["SourceRegion"] == "us-east-1"
        assert cluster["KmsKeyId"] == {"Fn::GetAtt": ["CopyKey", "Arn"]}
        assert "CopyKey" in Evaluation(**SECONDARY).resources()
        assert not {"SourceRegion", "KmsKeyId"} & Evaluation().properties("Cluster").keys()

    @pytest.mark.parametrize("missing", ["PrimaryRegion", "TableName"])
    def test_a_secondary_says_what_it_is_a_copy_of(self, missing: str) -> None:
        given = {**SECONDARY}
        del given[missing]
        assert Evaluation(**given).failing_rules() == ["SecondaryHasPrimary"]

    @pytest.mark.parametrize(("failover", "place"), [("primary", "PRIMARY"), ("secondary", "SECONDARY")])
    def test_the_domain_leads_to_the_region_that_is_well(self, failover: str, place: str) -> None:
        template = Evaluation(**DOMAIN, Failover=failover, HealthCheckId="1")
        record = template.properties("DomainRecord")
        assert (record["Failover"], record["SetIdentifier"], record["HealthCheckId"]) == (place, "eu-west-1", "1")
        # The domain may lead elsewhere: a health check of this region asks its own address.
        assert template.properties("RestApi")["DisableExecuteApiEndpoint"] is False
        assert template.outputs()["HealthUrl"].endswith(".execute-api.eu-west-1.amazonaws.com/v1/health")

    def test_without_failover_the_record_is_a_simple_one(self) -> None:
        template = Evaluation(**DOMAIN)
        assert not {"Failover", "SetIdentifier", "HealthCheckId"} & template.properties("DomainRecord").keys()
        assert template.properties("RestApi")["DisableExecuteApiEndpoint"] is True

    def test_a_health_check_can_be_created_before_there_is_a_domain(self) -> None:
        template = Evaluation()
        assert template.outputs()["HealthUrl"].endswith("/v1/health")
        assert template.properties("RestApi")["DisableExecuteApiEndpoint"] is False

    @pytest.mark.parametrize("given", [{}, {"HostedZoneId": ""}, {**CLOUDFRONT, "HealthCheckId": "1"}])
    def test_a_failover_that_would_not_work_is_refused(self, given: dict[str, str]) -> None:
        assert Evaluation(**{**DOMAIN, "Failover": "primary", **given}).failing_rules() != []

    def test_files_are_copied_to_the_other_regions_bucket(self) -> None:
        template = Evaluation(ReplicaBucket="tolva-files-000000000000-us-east-1")
        (rule,) = template.properties("Bucket")["ReplicationConfiguration"]["Rules"]
        assert rule["Destination"]["Bucket"] == "arn:aws:s3:::tolva-files-000000000000-us-east-1"
        (policy,) = template.properties("CopyRole")["Policies"]
        written = [item for item in policy["PolicyDocument"]["Statement"] if "s3:ReplicateObject" in item["Action"]]
        assert [item["Resource"] for item in written] == ["arn:aws:s3:::tolva-files-000000000000-us-east-1/*"]
        assert "ReplicationConfiguration" not in Evaluation().properties("Bucket")

    def test_roles_have_no_names_of_their_own(self) -> None:
        assert not [name for name, item in load()["Resources"].items() if "RoleName" in item.get("Properties", {})]


class TestRelease:
    def test_its_own_faults_take_it_back(self) -> None:
        assert {"Ref": "ApiFaults"} in _function("Api")["DeploymentPreference"]["Alarms"]
        dimensions = {item["Name"]: item["Value"] for item in properties("ApiFaults")["Dimensions"]}
        assert dimensions == {"service": "api", "release": _variables("Api")["TOLVA_RELEASE"]}
        assert properties("ApiFaults")["Namespace"] == NAMESPACE


# The worker's events that are queues.
QUEUES = ("Files", "Pictures")


class TestQueue:
    def test_a_message_stays_hidden_six_times_as_long_as_the_worker_may_run(self) -> None:
        assert properties("Queue")["VisibilityTimeout"] >= 6 * _function("Worker")["Timeout"]

    def test_the_worker_takes_one_message_at_a_time_and_says_which_failed(self) -> None:
        mapping = _function("Worker")["Events"]["Files"]["Properties"]
        assert mapping["BatchSize"] == 1
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        worker = Evaluation().properties("Worker")
        limits = [worker["Events"][name]["Properties"]["ScalingConfig"]["MaximumConcurrency"] for name in QUEUES]
        assert sum(limits) == worker["ReservedConcurrentExecutions"]

    def test_long_imports_leave_workers_for_others(self) -> None:
        limit = _variables("Worker")["TOLVA_MAX_LONG_IMPORTS"]
        assert limit == {"Fn::FindInMap": ["Capacity", {"Ref": "MaxCapacity"}, "LongImports"]}
        assert all(found["LongImports"] < found["Worker"] for found in load()["Mappings"]["Capacity"].values())

    def test_what_fails_again_and_again_is_put_aside(self) -> None:
        policy = properties("Queue")["RedrivePolicy"]
        assert policy["deadLetterTargetArn"] == {"Fn::GetAtt": ["DeadLetters", "Arn"]}
        dead = properties("DeadLetters")
        assert dead["MessageRetentionPeriod"] >= properties("Queue")["MessageRetentionPeriod"]


LARGE = {"LargeImports": "true", "ImageUri": "000000000000.dkr.ecr.eu-west-1.amazonaws.com/tolva:1"}


class TestLargeImports:
    def _container(self, **given: str) -> Document:
        (container,) = Evaluation(**LARGE, **given).properties("LargeTask")["ContainerDefinitions"]
        found: Document = container
        return found

    def _settings(self) -> dict[str, Any]:
        return {item["Name"]: item["Value"] for item in self._container()["Environment"]}

    def test_without_the_parameter_nothing_of_it_is_there(self) -> None:
        template = Evaluation()
        assert not [name for name in template.resources() if name.startswith("Large")]
        assert template.properties("Worker")["Environment"]["Variables"]["TOLVA_LARGE_IMPORTS"] == ""

    def test_the_worker_asks_by_the_queue_that_the_pipe_reads(self) -> None:
        template = Evaluation(**LARGE)
        variables = template.properties("Worker")["Environment"]["Variables"]
        assert variables["TOLVA_LARGE_IMPORTS"] == {"Ref": "LargeQueue"} == self._settings()["TOLVA_LARGE_IMPORTS"]
        assert template.properties("LargePipe")["Source"] == {"Fn::GetAtt": ["LargeQueue", "Arn"]}
        assert template.properties("QueueEndpoint")["PolicyDocument"]["Statement"][0]["Resource"] == [
            {"Fn::GetAtt": ["Queue", "Arn"]},
            {"Fn::GetAtt": ["ImageQueue", "Arn"]},
            {"Fn::GetAtt": ["LargeQueue", "Arn"]},
        ]

    def test_the_pipe_gives_the_task_the_imports_id(self) -> None:
        target = Evaluation(**LARGE).properties("LargePipe")["TargetParameters"]["EcsTaskParameters"]
        (override,) = target["Overrides"]["ContainerOverrides"]
        (path,) = override["Command"]
        message = ImportHandedOver(import_id=UUID(int=7)).body
        assert override["Name"] == self._container()["Name"]
        assert message[path.removeprefix("$.body.")] == str(UUID(int=7))

    def test_a_task_that_has_ended_announces_its_import(self) -> None:
        (target,) = Evaluation(**LARGE).properties("LargeTaskEnded")["Targets"]
        said = target["InputTransformer"]["InputTemplate"].replace("<import>", str(UUID(int=7)))
        assert ImportQueued.model_validate(json.loads(said)) == ImportQueued(import_id=UUID(int=7))
        assert target["Arn"] == {"Fn::GetAtt": ["Queue", "Arn"]}

    def test_a_task_that_failed_is_mailed(self) -> None:
        template = Evaluation(**LARGE)
        rule = template.properties("LargeTaskFailed")
        assert rule["EventPattern"]["detail"]["$or"] == [
            {"containers": {"exitCode": [{"anything-but": [0]}]}},
            {"stopCode": ["TaskFailedToStart"]},
        ]
        assert [target["Arn"] for target in rule["Targets"]] == [{"Ref": "AlarmTopic"}]
        allowed = template.properties("AlarmTopicPolicy")["PolicyDocument"]["Statement"]
        services = {item["Principal"]["Service"] for item in allowed}
        assert services == {"cloudwatch.amazonaws.com", "events.amazonaws.com"}
        name = rule["Name"]
        assert allowed[1]["Condition"]["ArnEquals"]["aws:SourceArn"].endswith(f":rule/{name}")
        key = template.properties("AlarmTopicKey")["KeyPolicy"]["Statement"]
        assert "events.amazonaws.com" in {item["Principal"].get("Service") for item in key}

    def test_it_runs_the_same_image_by_another_command(self) -> None:
        container = self._container()
        assert (container["Image"], container["EntryPoint"][-2:]) == (LARGE["ImageUri"], ["-m", "app.handlers.large"])
        assert (ROOT / "app/handlers/large.py").is_file()
        assert (container["ReadonlyRootFilesystem"], container["User"]) == (True, "993:990")

    @pytest.mark.parametrize(("architecture", "name"), [("arm64", "ARM64"), ("x86_64", "X86_64")])
    def test_its_processor_is_the_images(self, architecture: str, name: str) -> None:
        task = Evaluation(**LARGE, Architecture=architecture).properties("LargeTask")
        assert task["RuntimePlatform"]["CpuArchitecture"] == name

    @pytest.mark.parametrize(("processors", "cpu", "memory"), [("1", "1024", "2048"), ("4", "4096", "8192")])
    def test_its_size_is_a_parameter(self, processors: str, cpu: str, memory: str) -> None:
        task = Evaluation(**LARGE, LargeProcessors=processors).properties("LargeTask")
        assert (task["Cpu"], task["Memory"]) == (cpu, memory)

    def test_its_settings_are_the_workers_but_for_time_and_connections(self) -> None:
        worker = Evaluation(**LARGE)
        expected = worker.globals() | worker.properties("Worker")["Environment"]["Variables"]
        settings = self._settings()
        own = {"AWS_REGION", "AWS_DEFAULT_REGION", "HOME", "TOLVA_IMPORT_TIMEOUT_SECONDS"}
        assert settings.keys() - own == expected.keys() - {"TOLVA_READ_ONLY"}
        differs = {name for name in settings.keys() - own if settings[name] != expected[name]}
        assert differs == {"TOLVA_DATABASE_POOL_SIZE"}
        assert float(settings["TOLVA_IMPORT_TIMEOUT_SECONDS"]) > Settings.model_fields["import_timeout_seconds"].default

    def test_as_many_as_may_run_find_connections(self) -> None:
        each = int(self._settings()["TOLVA_DATABASE_POOL_SIZE"])
        for size, row in load()["Mappings"]["Capacity"].items():
            functions = row["Api"] * API_CONNECTIONS + row["Workers"] * WORKER_CONNECTIONS + OTHERS
            assert functions + row["LongImports"] * each <= row["Connections"], size

    def test_nothing_reaches_it_and_it_reaches_the_database_and_the_queues(self) -> None:
        template = Evaluation(**LARGE)
        target = template.properties("LargePipe")["TargetParameters"]["EcsTaskParameters"]
        network = target["NetworkConfiguration"]["AwsvpcConfiguration"]
        assert network["SecurityGroups"] == [{"Ref": "FunctionGroup"}]
        assert network["Subnets"] == [{"Ref": "LargeSubnetA"}, {"Ref": "LargeSubnetB"}]
        group = template.properties("FunctionGroup")
        assert "SecurityGroupIngress" not in group
        assert {rule["ToPort"] for rule in group["SecurityGroupEgress"]} == {443, 5432}
        for name in ("DatabaseGroup", "EndpointGroup"):
            sources = [rule["SourceSecurityGroupId"] for rule in template.properties(name)["SecurityGroupIngress"]]
            assert sources == [{"Ref": "FunctionGroup"}]

    def test_its_image_is_fetched_through_the_endpoint_of_files(self) -> None:
        endpoint = Evaluation(**LARGE).properties("StorageEndpoint")
        *_, layers = endpoint["PolicyDocument"]["Statement"]
        assert (layers["Action"], layers["Resource"]) == (
            "s3:GetObject",
            "arn:aws:s3:::prod-eu-west-1-starport-layer-bucket/*",
        )
        assert endpoint["RouteTableIds"] == [{"Ref": "Routes"}, {"Ref": "LargeRoutes"}]
        assert Evaluation().properties("StorageEndpoint")["RouteTableIds"] == [{"Ref": "Routes"}]

    def test_a_copy_of_another_regions_database_starts_none(self) -> None:
        assert Evaluation(**LARGE).properties("LargePipe")["DesiredState"] == "RUNNING"
        assert Evaluation(**LARGE, ReadOnly="true").properties("LargePipe")["DesiredState"] == "STOPPED"

    def test_files_may_be_as_large_as_is_said(self) -> None:
        given = Evaluation(MaxFileBytes="107374182400").globals()
        assert given["TOLVA_MAX_FILE_BYTES"] == "107374182400"
        defaults = {name: Settings.model_fields[name].default for name in ("max_file_bytes", "max_unpacked_bytes")}
        template = load()["Parameters"]
        assert template["MaxFileBytes"]["Default"] == defaults["max_file_bytes"]
        assert template["MaxUnpackedBytes"]["Default"] == defaults["max_unpacked_bytes"]


_LOGS = ("api", "worker", "pictures", "migrate", "gateway", "network", "large-imports")


class TestSafety:
    @pytest.mark.parametrize("name", ["Bucket", "Table", "MasterSecret", "GlobalCluster"])
    def test_data_outlives_the_stack_but_not_a_first_deploy_that_fails(self, name: str) -> None:
        resource = load()["Resources"][name]
        assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")

    def test_nothing_with_a_name_of_its_own_stays_in_the_way_of_a_second_try(self) -> None:
        named = ("BucketName", "TableName", "QueueName", "FunctionName", "LogGroupName", "DBClusterIdentifier")
        for name, resource in load()["Resources"].items():
            if any(item in resource.get("Properties", {}) for item in named):
                assert resource.get("DeletionPolicy") != "Retain", name

    def test_the_databases_version_is_one_that_stays(self) -> None:
        template = Evaluation(HighlyAvailable="true")
        # Aurora's minor version of 16 with long-term support; others are withdrawn after about a year.
        assert template.properties("Cluster")["EngineVersion"] == "16.8"
        assert not [name for name in ("Writer", "Reader") if template.properties(name)["AutoMinorVersionUpgrade"]]

    def test_the_database_leaves_a_snapshot(self) -> None:
        cluster = load()["Resources"]["Cluster"]
        assert (cluster["DeletionPolicy"], cluster["UpdateReplacePolicy"]) == ("Snapshot", "Snapshot")
        assert Evaluation().properties("Cluster")["StorageEncrypted"] is True

    def test_a_file_is_kept_as_long_as_is_said(self) -> None:
        template = Evaluation(FileDays="9", InboxDays="40")
        rules = {rule["Id"]: rule for rule in template.properties("Bucket")["LifecycleConfiguration"]["Rules"]}
        for name in ("uploads", "rejections"):
            # Expiry makes a file an old version, which has days of its own.
            rule = rules[name]
            assert (rule["ExpirationInDays"], rule["NoncurrentVersionExpiration"]["NoncurrentDays"]) == ("9", 1)
        assert rules["inbox"]["ExpirationInDays"] == "40"
        assert rules["old-versions"]["NoncurrentVersionExpiration"]["NoncurrentDays"] == "9"

    def test_the_inbox_is_kept_unless_days_are_given(self) -> None:
        rules = Evaluation().properties("Bucket")["LifecycleConfiguration"]["Rules"]
        assert "inbox" not in {rule["Id"] for rule in rules}

    def test_every_queue_takes_tls_only(self) -> None:
        resources = Evaluation(**LARGE).resources()
        policies = [item for item in resources.values() if item["Type"] == "AWS::SQS::QueuePolicy"]
        queues = {name for name, item in resources.items() if item["Type"] == "AWS::SQS::Queue"}
        secured = {
            queue["Ref"]
            for policy in policies
            for queue in policy["Properties"]["Queues"]
            for statement in policy["Properties"]["PolicyDocument"]["Statement"]
            if statement["Effect"] == "Deny" and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        }
        assert secured == queues

    def test_dead_letters_are_this_queues_only(self) -> None:
        allowed = Evaluation().properties("DeadLetters")["RedriveAllowPolicy"]
        assert allowed["redrivePermission"] == "byQueue"
        arn = "arn:aws:sqs:eu-west-1:000000000000:tolva"
        assert allowed["sourceQueueArns"] == [f"{arn}-imports", f"{arn}-images"]
        allowed = Evaluation(**LARGE).properties("DeadLetters")["RedriveAllowPolicy"]
        assert allowed["sourceQueueArns"] == [f"{arn}-imports", f"{arn}-images", f"{arn}-large-imports"]

    def test_the_endpoints_lead_to_what_is_the_stacks_own(self) -> None:
        template = Evaluation()
        for name in ("StorageEndpoint", "TableEndpoint", "QueueEndpoint"):
            statements = template.properties(name)["PolicyDocument"]["Statement"]
            assert "*" not in [statement["Resource"] for statement in statements], name

    def test_cloudformation_is_answered_through_the_endpoint_of_files(self) -> None:
        _, answers, *_ = Evaluation().properties("StorageEndpoint")["PolicyDocument"]["Statement"]
        assert answers["Resource"] == "arn:aws:s3:::cloudformation-custom-resource-response-*/*"

    def test_the_network_has_no_way_out(self) -> None:
        ways = {"AWS::EC2::NatGateway", "AWS::EC2::InternetGateway", "AWS::EC2::Route"}
        assert not {resource["Type"] for resource in Evaluation().resources().values()} & ways
        # With the tasks of large imports it has one, which leads from their subnets only.
        resources = Evaluation(**LARGE).resources()
        (route,) = [item["Properties"] for item in resources.values() if item["Type"] == "AWS::EC2::Route"]
        assert route["RouteTableId"] == {"Ref": "LargeRoutes"}
        tables = [item["Properties"] for item in resources.values() if "RouteTableAssociation" in item["Type"]]
        out = {item["SubnetId"]["Ref"] for item in tables if item["RouteTableId"] == route["RouteTableId"]}
        assert out == {"LargeSubnetA", "LargeSubnetB"}
        assert {resource["Type"] for resource in resources.values()} & ways == ways - {"AWS::EC2::NatGateway"}

    def test_every_log_ends_at_some_time(self) -> None:
        resources = Evaluation(HighlyAvailable="true", **LARGE).resources().values()
        groups = [item["Properties"] for item in resources if item["Type"] == "AWS::Logs::LogGroup"]
        # The last two are created by AWS as well, and would never expire.
        assert {group["LogGroupName"] for group in groups} == {
            *(f"/tolva/tolva/{name}" for name in _LOGS),
            "/aws/rds/cluster/tolva/postgresql",
            "API-Gateway-Execution-Logs_${RestApi}/v1",
        }
        assert {group["RetentionInDays"] for group in groups} == {"30"}

    def test_the_logs_that_aws_creates_too_come_first(self) -> None:
        assert load()["Resources"]["Cluster"]["DependsOn"] == "DatabaseLogs"
        assert properties("Cluster")["DBClusterIdentifier"] == {"Ref": "Name"}
        assert properties("Cluster")["EnableCloudwatchLogsExports"] == ["postgresql"]
        assert properties("RestApi")["Variables"]["Logs"] == {"Ref": "GatewayLogs"}


@pytest.mark.usefixtures("services")
class TestLaptop:
    """app/local/services/resources.py creates the same resources as the template."""

    def test_the_same_prefixes_are_watched(self) -> None:
        watched = properties("Bucket")["NotificationConfiguration"]["QueueConfigurations"]
        prefixes = [item["Filter"]["S3Key"]["Rules"][0]["Value"] for item in watched]
        assert tuple(prefixes) == WATCHED_PREFIXES + IMAGE_PREFIXES
        assert {item["Event"] for item in watched} == {"s3:ObjectCreated:*"}

    async def test_the_bucket_lets_browsers_do_the_same(self) -> None:
        s3 = await client("s3")
        (local,) = (await s3.get_bucket_cors(Bucket=BUCKET))["CORSRules"]
        (rule,) = properties("Bucket")["CorsConfiguration"]["CorsRules"]
        for name, there in (
            ("AllowedMethods", "AllowedMethods"),
            ("AllowedHeaders", "AllowedHeaders"),
            ("ExposeHeaders", "ExposedHeaders"),
        ):
            assert set(local[name]) == set(rule[there])  # type: ignore[literal-required]

    async def test_both_keep_versions(self) -> None:
        s3 = await client("s3")
        local = await s3.get_bucket_versioning(Bucket=BUCKET)
        assert local["Status"] == properties("Bucket")["VersioningConfiguration"]["Status"]

    async def test_the_tables_have_the_same_key_and_expiry(self) -> None:
        dynamodb = await client("dynamodb")
        local: dict[str, Any] = dict((await dynamodb.describe_table(TableName=TABLE))["Table"])
        table = properties("Table")
        assert json.dumps(local["KeySchema"], sort_keys=True) == json.dumps(table["KeySchema"], sort_keys=True)
        assert {item["AttributeName"]: item["AttributeType"] for item in local["AttributeDefinitions"]} == {
            item["AttributeName"]: item["AttributeType"] for item in table["AttributeDefinitions"]
        }
        expiry = table["TimeToLiveSpecification"]
        assert (expiry["AttributeName"], expiry["Enabled"]) == (EXPIRY_ATTRIBUTE, True)
        assert table["BillingMode"] == "PAY_PER_REQUEST"
