from datetime import UTC, datetime

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as AwsCredentials

from app.core import dynamo
from app.core.aws import close_clients, has_client
from app.core.dynamo_lookup import Credentials, LookupFailed, look_up, sign
from app.core.settings import get_settings

BODY = b'{"TableName":"tolva"}'
HOST = "dynamodb.eu-south-2.amazonaws.com"


class TestSign:
    @pytest.mark.parametrize("token", [None, "IQoJb3JpZ2luX2Vj/+=="])
    def test_it_signs_as_the_client_does(self, token: str | None) -> None:
        headers = sign(HOST, BODY, Credentials("AKIDEXAMPLE", "secret/+", token, "eu-south-2"), datetime.now(UTC))
        named = ("content-type", "x-amz-target")
        request = AWSRequest("POST", f"https://{HOST}/", data=BODY, headers={name: headers[name] for name in named})
        signer = SigV4Auth(AwsCredentials("AKIDEXAMPLE", "secret/+", token), "dynamodb", "eu-south-2")
        request.context["timestamp"] = headers["x-amz-date"]
        if token:
            request.headers["X-Amz-Security-Token"] = token
        request.headers["X-Amz-Date"] = headers["x-amz-date"]
        canonical = signer.canonical_request(request)
        signature = signer.signature(signer.string_to_sign(request, canonical), request)
        assert headers["authorization"].endswith(f", Signature={signature}")
        assert f"Credential={signer.scope(request)}," in headers["authorization"]


@pytest.mark.usefixtures("database_url")
class TestLookUp:
    async def test_an_item_is_found_without_a_client(self) -> None:
        await dynamo.put_item({"pk": "a", "sk": "b", "n": 1})
        await close_clients()
        assert await dynamo.look_up_item("a", "b") == {"pk": "a", "sk": "b", "n": 1}
        assert await dynamo.look_up_item("a", "absent") is None
        assert not has_client("dynamodb")

    async def test_what_it_cannot_do_the_client_does(self, monkeypatch: pytest.MonkeyPatch) -> None:
        await dynamo.put_item({"pk": "a", "sk": "b"})
        await close_clients()
        monkeypatch.delenv("AWS_REGION")
        monkeypatch.delenv("AWS_DEFAULT_REGION")
        with pytest.raises(LookupFailed):
            await look_up({})
        monkeypatch.undo()
        with pytest.raises(LookupFailed):
            await look_up({"TableName": "absent", "Key": {}})
        assert await dynamo.look_up_item("a", "b") == {"pk": "a", "sk": "b"}

    async def test_a_table_that_is_away_is_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        await close_clients()
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        with pytest.raises(LookupFailed):
            await look_up({"TableName": get_settings().table})
