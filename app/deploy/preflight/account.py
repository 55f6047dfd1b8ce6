"""The account that a stack is to be deployed to, and what it answers."""

import os
from typing import Any, Protocol
from urllib.request import urlopen

from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import get_session

TIMEOUT_SECONDS = 30


class Refused(Exception):
    """AWS did not answer a question: `code` is its reason."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class Account(Protocol):
    """An account that answers questions."""

    region: str

    def ask(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        """The answer of an operation of AWS, all pages of a list together.

        Raises:
            Refused: AWS does not answer.
        """

    def download(self, url: str) -> bytes:
        """The bytes at an address that AWS signed."""


class AwsAccount:
    """The account of this machine's credentials; CloudFront and Route 53 are asked in their own region."""

    def __init__(self, region: str | None = None) -> None:
        """Raises:
        Refused: no region is configured.
        """
        self._session = get_session()
        found = region or os.environ.get("AWS_REGION") or self._session.get_config_variable("region")
        if not found:
            raise Refused("NoRegion", "give a region: export AWS_REGION=eu-west-1")
        self.region: str = found

    def ask(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        try:
            client = self._session.create_client(service, region_name=self.region)
            pages = client.get_paginator(operation).paginate if client.can_paginate(operation) else None
            answer: dict[str, Any] = (
                pages(**parameters).build_full_result() if pages else getattr(client, operation)(**parameters)
            )
        except ClientError as error:
            raise Refused(error.response["Error"]["Code"], error.response["Error"].get("Message", "")) from None
        except BotoCoreError as error:
            raise Refused(type(error).__name__, str(error)) from None
        return answer

    def download(self, url: str) -> bytes:
        with urlopen(url, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310  # AWS gave the address
            content: bytes = answer.read()
        return content
