"""Names that a stack gives to its resources, and whether something in the account has them already."""

from collections.abc import Callable, Mapping
from typing import Any

from app.deploy.preflight.account import Account, Refused
from app.deploy.preflight.template import Resource

# What AWS answers of something that does not exist.
ABSENT = (
    *("404", "NoSuchBucket", "ResourceNotFoundException", "ResourceNotFound", "NotFoundException", "NotFound"),
    *("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist", "DashboardNotFoundError"),
    *("DBClusterNotFoundFault", "NoSuchHostedZone"),
)

Finder = Callable[[Account, Mapping[str, Any]], bool]


def _answers(service: str, operation: str, member: str, argument: str) -> tuple[str, Finder]:
    """The member of the name, and a finder by an operation that answers if something has it."""

    def find(account: Account, properties: Mapping[str, Any]) -> bool:
        account.ask(service, operation, **{argument: properties[member]})
        return True

    return member, find


def _has_log_group(account: Account, properties: Mapping[str, Any]) -> bool:
    name = properties["LogGroupName"]
    groups = account.ask("logs", "describe_log_groups", logGroupNamePrefix=name)["logGroups"]
    return any(group["logGroupName"] == name for group in groups)


def _has_cache_policy(account: Account, properties: Mapping[str, Any]) -> bool:
    found = account.ask("cloudfront", "list_cache_policies", Type="custom")["CachePolicyList"].get("Items", [])
    name = properties["CachePolicyConfig"]["Name"]
    return any(item["CachePolicy"]["CachePolicyConfig"]["Name"] == name for item in found)


def _has_record(account: Account, properties: Mapping[str, Any]) -> bool:
    found = account.ask("route53", "list_resource_record_sets", HostedZoneId=properties["HostedZoneId"])
    name, kind, own = properties["Name"].rstrip("."), properties["Type"], properties.get("SetIdentifier")
    same = [one for one in found["ResourceRecordSets"] if one["Name"].rstrip(".") == name and one["Type"] == kind]
    # Records that differ by their identifier live next to each other, but not with one that has none.
    return any(own is None or one.get("SetIdentifier") in (None, own) for one in same)


FINDERS: dict[str, tuple[str, Finder]] = {
    "AWS::S3::Bucket": _answers("s3", "head_bucket", "BucketName", "Bucket"),
    "AWS::DynamoDB::GlobalTable": _answers("dynamodb", "describe_table", "TableName", "TableName"),
    "AWS::DynamoDB::Table": _answers("dynamodb", "describe_table", "TableName", "TableName"),
    "AWS::SQS::Queue": _answers("sqs", "get_queue_url", "QueueName", "QueueName"),
    "AWS::Serverless::Function": _answers("lambda", "get_function", "FunctionName", "FunctionName"),
    "AWS::CloudWatch::Dashboard": _answers("cloudwatch", "get_dashboard", "DashboardName", "DashboardName"),
    "AWS::RDS::DBCluster": _answers("rds", "describe_db_clusters", "DBClusterIdentifier", "DBClusterIdentifier"),
    "AWS::Logs::LogGroup": ("LogGroupName", _has_log_group),
    "AWS::CloudFront::CachePolicy": ("CachePolicyConfig", _has_cache_policy),
    "AWS::Route53::RecordSet": ("Name", _has_record),
}


def name_of(resource: Resource) -> str | None:
    """The name that a resource is given; None if AWS chooses one, or only the deploy will know it."""
    if resource.type not in FINDERS:
        return None
    name = resource.properties.get(FINDERS[resource.type][0])
    if isinstance(name, dict):
        name = name.get("Name")
    return name if isinstance(name, str) and "${" not in name else None


def is_taken(account: Account, resource: Resource) -> bool:
    """Return whether something in the account has the name of a resource.

    Raises:
        Refused: AWS does not say.
    """
    try:
        return FINDERS[resource.type][1](account, resource.properties)
    except Refused as refused:
        if refused.code in ABSENT:
            return False
        # A bucket of another account: its name is one for all accounts.
        if resource.type == "AWS::S3::Bucket" and refused.code == "403":
            return True
        raise
