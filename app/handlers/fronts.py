"""Events of API Gateway and of function URLs as requests, each with the path as its caller sent it."""

from typing import Any
from urllib.parse import unquote

from mangum.handlers import APIGateway, HTTPGateway
from mangum.types import LambdaConfig, LambdaContext, LambdaEvent, Response, Scope

# Where the domain of every function URL is. An HTTP API has its own, or yours.
FUNCTION_URLS = ".lambda-url."


class RestRequest(APIGateway):
    """A request through a REST API, which hands on the path as it was sent."""

    @classmethod
    def infer(cls, event: LambdaEvent, context: LambdaContext, config: LambdaConfig) -> bool:  # noqa: ARG003  # Mangum's
        """Return whether an event is one of a REST API."""
        return "httpMethod" in event and "version" not in event

    @property
    def scope(self) -> Scope:
        """The request as ASGI describes it."""
        return {**super().scope, "raw_path": self.event["path"].encode()}


class HttpRequest(HTTPGateway):
    """A request through an HTTP API or a function URL, whose events have the same form and differ in their path."""

    @classmethod
    def infer(cls, event: LambdaEvent, context: LambdaContext, config: LambdaConfig) -> bool:  # noqa: ARG003  # Mangum's
        """Return whether an event is one of them."""
        return event.get("version") == "2.0"

    @property
    def scope(self) -> Scope:
        """The request as ASGI describes it."""
        path = self.event["rawPath"]
        if came_by_function_url(self.event):
            return {**super().scope, "path": unquote(path), "raw_path": path.encode()}
        # An HTTP API has decoded it: to decode it again would make an A of the key %41.
        return {**super().scope, "path": path}

    def __call__(self, response: Response) -> dict[str, Any]:
        """The function's answer. Without a body it has the type that the application gave it, not JSON's."""
        answer = super().__call__(response)
        if not response["body"] and not any(name.lower() == b"content-type" for name, _ in response["headers"]):
            del answer["headers"]["content-type"]
        return answer


def came_by_function_url(event: dict[str, Any]) -> bool:
    """Return whether an event is one of a function URL."""
    return FUNCTION_URLS in event.get("requestContext", {}).get("domainName", "")
