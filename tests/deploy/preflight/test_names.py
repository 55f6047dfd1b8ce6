from typing import Any

import pytest

from app.deploy.preflight.account import Refused
from app.deploy.preflight.names import FINDERS, is_taken, name_of
from app.deploy.preflight.template import Resource
from tests.deploy.preflight.edge import Edge


def bucket(name: Any) -> Resource:
    return Resource("Files", "AWS::S3::Bucket", {"BucketName": name})


def record(**members: str) -> Resource:
    properties = {"HostedZoneId": "Z", "Name": "api.example.com", "Type": "A", **members}
    return Resource("Record", "AWS::Route53::RecordSet", properties)


class TestNameOf:
    def test_what_aws_names_has_none(self) -> None:
        assert name_of(bucket("files")) == "files"
        assert name_of(bucket({"Fn::GetAtt": ["A", "B"]})) is None
        assert name_of(bucket("${Cluster}-files")) is None
        assert name_of(Resource("Files", "AWS::S3::Bucket", {})) is None
        assert name_of(Resource("Vpc", "AWS::EC2::VPC", {})) is None

    def test_a_cache_policy_has_it_inside(self) -> None:
        properties = {"CachePolicyConfig": {"Name": "lists"}}
        assert name_of(Resource("Policy", "AWS::CloudFront::CachePolicy", properties)) == "lists"


class TestIsTaken:
    @pytest.mark.parametrize(
        ("answer", "taken"), [({}, True), (Refused("404", "Not Found"), False), (Refused("403", "Forbidden"), True)]
    )
    def test_a_bucket_is_one_of_all_accounts(self, answer: Any, taken: bool) -> None:
        assert is_taken(Edge({("s3", "head_bucket"): answer}), bucket("files")) is taken

    def test_what_is_not_allowed_is_not_known(self) -> None:
        table = Resource("Table", "AWS::DynamoDB::Table", {"TableName": "t"})
        with pytest.raises(Refused):
            is_taken(Edge({("dynamodb", "describe_table"): Refused("AccessDeniedException", "")}), table)

    def test_a_log_group_has_all_of_the_name(self) -> None:
        edge = Edge({("logs", "describe_log_groups"): {"logGroups": [{"logGroupName": "/tolva/apis"}]}})
        group = Resource("Logs", "AWS::Logs::LogGroup", {"LogGroupName": "/tolva/api"})
        assert not is_taken(edge, group)
        assert is_taken(edge, Resource("Logs", "AWS::Logs::LogGroup", {"LogGroupName": "/tolva/apis"}))

    @pytest.mark.parametrize(
        ("existing", "taken"),
        [
            ([], False),
            ([{"Name": "api.example.com.", "Type": "A"}], True),
            ([{"Name": "api.example.com.", "Type": "TXT"}], False),
            ([{"Name": "www.example.com.", "Type": "A"}], False),
        ],
    )
    def test_a_record_has_its_name_and_type(self, existing: list[dict[str, str]], taken: bool) -> None:
        edge = Edge({("route53", "list_resource_record_sets"): {"ResourceRecordSets": existing}})
        assert is_taken(edge, record()) is taken

    @pytest.mark.parametrize(("identifier", "taken"), [("eu-west-1", False), ("us-east-1", True)])
    def test_records_of_two_regions_live_next_to_each_other(self, identifier: str, taken: bool) -> None:
        existing = [{"Name": "api.example.com.", "Type": "A", "SetIdentifier": "us-east-1"}]
        edge = Edge({("route53", "list_resource_record_sets"): {"ResourceRecordSets": existing}})
        assert is_taken(edge, record(SetIdentifier=identifier)) is taken

    def test_a_cache_policy_is_one_of_the_account(self) -> None:
        found = {"CachePolicyList": {"Items": [{"CachePolicy": {"CachePolicyConfig": {"Name": "lists"}}}]}}
        edge = Edge({("cloudfront", "list_cache_policies"): found})
        policy = Resource("P", "AWS::CloudFront::CachePolicy", {"CachePolicyConfig": {"Name": "lists"}})
        assert is_taken(edge, policy)
        edge = Edge({("cloudfront", "list_cache_policies"): {"CachePolicyList": {}}})
        assert not is_taken(edge, policy)

    @pytest.mark.parametrize("kind", ["AWS::SQS::Queue", "AWS::Serverless::Function", "AWS::CloudWatch::Dashboard"])
    def test_what_answers_is_there(self, kind: str) -> None:
        member, _ = FINDERS[kind]
        answers: Any = {
            ("sqs", "get_queue_url"): {},
            ("lambda", "get_function"): {},
            ("cloudwatch", "get_dashboard"): {},
        }
        assert is_taken(Edge(answers), Resource("X", kind, {member: "x"}))
        absent = {question: Refused("ResourceNotFoundException", "") for question in answers}
        assert not is_taken(Edge(absent), Resource("X", kind, {member: "x"}))
