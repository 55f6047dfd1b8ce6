"""Signatures are those of AWS's own library."""

from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as AwsCredentials

from app.core.aws.signing import TOKEN_SECONDS, Credentials, sign_database_token, sign_table_request

BODY = b'{"TableName":"tolva"}'
KEY_ID, SECRET, REGION = "AKIDEXAMPLE", "secret/+", "eu-south-2"

with_and_without_token = pytest.mark.parametrize("token", [None, "IQoJb3JpZ2luX2Vj/+=="])


@with_and_without_token
def test_a_request_to_the_table(token: str | None) -> None:
    host = "dynamodb.eu-south-2.amazonaws.com"
    request = AWSRequest("POST", f"https://{host}/", data=BODY)
    request.headers["Content-Type"] = "application/x-amz-json-1.0"
    request.headers["X-Amz-Target"] = "DynamoDB_20120810.GetItem"
    SigV4Auth(AwsCredentials(KEY_ID, SECRET, token), "dynamodb", REGION).add_auth(request)
    now = datetime.strptime(request.headers["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    credentials = Credentials(KEY_ID, SECRET, token, REGION)
    headers = sign_table_request("DynamoDB_20120810.GetItem", host, BODY, credentials, now)
    assert headers["authorization"] == request.headers["Authorization"]


@with_and_without_token
def test_a_token_for_the_database(token: str | None) -> None:
    place = {"Action": "connect", "DBUser": "tolva/ a"}
    request = AWSRequest("GET", "https://cluster.example:5433/", params=place)
    SigV4QueryAuth(AwsCredentials(KEY_ID, SECRET, token), "rds-db", REGION, expires=TOKEN_SECONDS).add_auth(request)
    theirs = parse_qs(urlsplit(str(request.url)).query)
    now = datetime.strptime(theirs["X-Amz-Date"][0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    credentials = Credentials(KEY_ID, SECRET, token, REGION)
    ours = sign_database_token("cluster.example", 5433, place["DBUser"], credentials, now)
    assert ours.startswith("cluster.example:5433/?")
    assert parse_qs(urlsplit(f"https://{ours}").query) == theirs
