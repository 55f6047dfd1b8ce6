"""Events as API Gateway sends them to a function."""

import json
from typing import Any

REST_EVENT: dict[str, Any] = {
    "resource": "/{proxy+}",
    "path": "/health",
    "httpMethod": "GET",
    "headers": {
        "Accept": "*/*",
        "Host": "0a1b2c3d4e.execute-api.eu-south-2.amazonaws.com",
        "X-Amzn-Trace-Id": "Root=1-671a2f5c-0f1e2d3c4b5a69788796a5b4",
        "X-Forwarded-For": "203.0.113.7",
        "X-Forwarded-Port": "443",
        "X-Forwarded-Proto": "https",
    },
    "multiValueHeaders": {
        "Accept": ["*/*"],
        "Host": ["0a1b2c3d4e.execute-api.eu-south-2.amazonaws.com"],
        "X-Forwarded-Proto": ["https"],
    },
    "queryStringParameters": None,
    "multiValueQueryStringParameters": None,
    "pathParameters": {"proxy": "health"},
    "stageVariables": None,
    "requestContext": {
        "resourceId": "a1b2c3",
        "resourcePath": "/{proxy+}",
        "httpMethod": "GET",
        "path": "/prod/health",
        "accountId": "123456789012",
        "protocol": "HTTP/1.1",
        "stage": "prod",
        "domainName": "0a1b2c3d4e.execute-api.eu-south-2.amazonaws.com",
        "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
        "identity": {"sourceIp": "203.0.113.7", "userAgent": "curl/8.9.1"},
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
        "host": "0a1b2c3d4e.execute-api.eu-south-2.amazonaws.com",
        "x-forwarded-for": "203.0.113.7",
        "x-forwarded-port": "443",
        "x-forwarded-proto": "https",
    },
    "requestContext": {
        "accountId": "123456789012",
        "apiId": "0a1b2c3d4e",
        "domainName": "0a1b2c3d4e.execute-api.eu-south-2.amazonaws.com",
        "domainPrefix": "0a1b2c3d4e",
        "http": {
            "method": "GET",
            "path": "/health",
            "protocol": "HTTP/1.1",
            "sourceIp": "203.0.113.7",
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


def rest_event(method: str, path: str, key: str | None = None, body: Any = None, **query: str) -> dict[str, Any]:
    headers = {**REST_EVENT["multiValueHeaders"], "Content-Type": ["application/json"]}
    if key is not None:
        headers["Authorization"] = [f"Bearer {key}"]
    return {
        **REST_EVENT,
        "httpMethod": method,
        "path": path,
        "multiValueHeaders": headers,
        "queryStringParameters": query or None,
        "multiValueQueryStringParameters": {name: [value] for name, value in query.items()} or None,
        "body": json.dumps(body) if body is not None else None,
    }


def http_event(method: str, path: str, key: str) -> dict[str, Any]:
    context = {**HTTP_EVENT["requestContext"], "http": {**HTTP_EVENT["requestContext"]["http"], "method": method}}
    context["http"]["path"] = path
    headers = {**HTTP_EVENT["headers"], "authorization": f"Bearer {key}"}
    return {**HTTP_EVENT, "rawPath": path, "headers": headers, "requestContext": context}
