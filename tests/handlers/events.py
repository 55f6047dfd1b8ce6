"""Events as API Gateway and function URLs send them to a function."""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote, urlencode

STAGE = "prod"
API_HOST = "0a1b2c3d4e.execute-api.eu-south-2.amazonaws.com"
FUNCTION_URL_HOST = "abcdefghijklmnopqrstuvwxyz012345.lambda-url.eu-south-2.on.aws"
CLOUDFRONT_HOST = "d111111abcdef8.cloudfront.net"
CALLER = "203.0.113.7"
ORIGIN_SECRET = "what-only-cloudfront-and-the-function-know"

# A request's headers, each with its values.
Headers = Mapping[str, Sequence[str]]

REST_EVENT: dict[str, Any] = {
    "resource": "/{proxy+}",
    "path": "/health",
    "httpMethod": "GET",
    "headers": {
        "Accept": "*/*",
        "Host": API_HOST,
        "X-Amzn-Trace-Id": "Root=1-671a2f5c-0f1e2d3c4b5a69788796a5b4",
        "X-Forwarded-For": CALLER,
        "X-Forwarded-Port": "443",
        "X-Forwarded-Proto": "https",
    },
    "multiValueHeaders": {"Accept": ["*/*"], "Host": [API_HOST], "X-Forwarded-Proto": ["https"]},
    "queryStringParameters": None,
    "multiValueQueryStringParameters": None,
    "pathParameters": {"proxy": "health"},
    "stageVariables": None,
    "requestContext": {
        "resourceId": "a1b2c3",
        "resourcePath": "/{proxy+}",
        "httpMethod": "GET",
        "path": f"/{STAGE}/health",
        "accountId": "123456789012",
        "protocol": "HTTP/1.1",
        "stage": STAGE,
        "domainName": API_HOST,
        "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
        "identity": {"sourceIp": CALLER, "userAgent": "curl/8.9.1"},
        "apiId": "0a1b2c3d4e",
    },
    "body": None,
    "isBase64Encoded": False,
}

HTTP_EVENT: dict[str, Any] = {
    "version": "2.0",
    "routeKey": "$default",
    "rawPath": "/health",
    "rawQueryString": "",
    "headers": {
        "accept": "*/*",
        "host": API_HOST,
        "x-forwarded-for": CALLER,
        "x-forwarded-port": "443",
        "x-forwarded-proto": "https",
    },
    "requestContext": {
        "accountId": "123456789012",
        "apiId": "0a1b2c3d4e",
        "domainName": API_HOST,
        "domainPrefix": "0a1b2c3d4e",
        "http": {
            "method": "GET",
            "path": "/health",
            "protocol": "HTTP/1.1",
            "sourceIp": CALLER,
            "userAgent": "curl/8.9.1",
        },
        "requestId": "JKJaXmPLvHcESHA=",
        "routeKey": "$default",
        "stage": "$default",
        "time": "10/Mar/2026:05:16:23 +0000",
        "timeEpoch": 1773119783220,
    },
    "isBase64Encoded": False,
}


def rest_event(
    method: str, path: str, key: str | None = None, body: Any = None, headers: Headers | None = None, **query: str
) -> dict[str, Any]:
    """The event of a REST API that takes every type as binary, so that each body is base64."""
    sent = {**REST_EVENT["multiValueHeaders"], "Content-Type": ["application/json"], **(headers or {})}
    if key is not None:
        sent["Authorization"] = [f"Bearer {key}"]
    return {
        **REST_EVENT,
        "httpMethod": method,
        "path": path,
        "multiValueHeaders": sent,
        "queryStringParameters": query or None,
        "multiValueQueryStringParameters": {name: [value] for name, value in query.items()} or None,
        "body": base64.b64encode(json.dumps(body).encode()).decode() if body is not None else None,
        "isBase64Encoded": body is not None,
    }


def http_event(
    method: str, path: str, key: str | None = None, body: Any = None, headers: Headers | None = None, **query: str
) -> dict[str, Any]:
    """The event of an HTTP API, which decodes the path and then cuts it at a question mark."""
    return _second_event(API_HOST, unquote(path).partition("?")[0], method, key, body, headers, query)


def url_event(
    method: str, path: str, key: str | None = None, body: Any = None, headers: Headers | None = None, **query: str
) -> dict[str, Any]:
    """The event of a function URL that CloudFront asks, with the headers that CloudFront adds."""
    added = {
        "via": ["2.0 0123456789abcdef.cloudfront.net (CloudFront)"],
        "x-forwarded-host": [CLOUDFRONT_HOST],
        "x-tolva-origin": [ORIGIN_SECRET],
        "x-tolva-viewer": [CALLER],
    }
    return _second_event(FUNCTION_URL_HOST, path, method, key, body, {**added, **(headers or {})}, query)


def _second_event(
    host: str,
    path: str,
    method: str,
    key: str | None,
    body: Any,
    headers: Headers | None,
    query: Mapping[str, str],
) -> dict[str, Any]:
    """An event of the second form: header names in small letters, several values of one joined, cookies apart."""
    sent = {**HTTP_EVENT["headers"], "host": host, "content-type": "application/json"}
    sent |= {name.lower(): ",".join(values) for name, values in (headers or {}).items() if values}
    if key is not None:
        sent["authorization"] = f"Bearer {key}"
    cookies = {"cookies": sent.pop("cookie").split("; ")} if "cookie" in sent else {}
    context = {**HTTP_EVENT["requestContext"], "domainName": host, "domainPrefix": host.partition(".")[0]}
    context["http"] = {**context["http"], "method": method, "path": path}
    content = {"body": json.dumps(body)} if body is not None else {}
    return {
        **HTTP_EVENT,
        "rawPath": path,
        "rawQueryString": urlencode(query, quote_via=quote),
        "headers": sent,
        "requestContext": context,
        **cookies,
        **content,
    }


@dataclass(frozen=True)
class Front:
    """A front of the function, as the template's parameter of the same name says."""

    name: str
    event: Callable[..., dict[str, Any]]
    # The URL that callers know, and the variables by which the function knows it.
    url: str
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def keeps_paths(self) -> bool:
        """Return whether the function gets the path as its caller sent it."""
        return self.name != "http"


FRONTS = (
    Front("rest", rest_event, f"https://{API_HOST}/{STAGE}", {"TOLVA_ROOT_PATH": f"/{STAGE}"}),
    Front("http", http_event, f"https://{API_HOST}"),
    Front("url", url_event, f"https://{CLOUDFRONT_HOST}", {"TOLVA_ORIGIN_SECRET": ORIGIN_SECRET}),
)
