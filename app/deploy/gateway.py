"""The gateway's document: every path of the application in OpenAPI 3.0.1, without schemas, all to one function.

`.ci/gateway` writes it into `template.yaml`. What differs between stacks is left to CloudFormation: the function, and
whether callers need a key of the gateway.
"""

import json
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from app.core.errors import BodyTooLarge, Problem
from app.core.http import edge_errors

Document = dict[str, Any]

# What may be answered from the gateway's cache. A list of records is not among them: its filters are the dataset's
# columns, which no document that is deployed once can declare, and the gateway ignores what is not declared.
CACHED = ("/datasets", "/datasets/{dataset}", "/datasets/{dataset}/records/{key}")
# An answer depends on these headers too: on who asks, from which page, and on what is known already.
KEYED_HEADERS = ("Accept", "Authorization", "If-None-Match", "Origin")

INVOCATION = "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Function}/invocations"
API, PICTURES = "Api.Alias", "Pictures.Alias"
# What another function answers than the api. The second path is that of the objects, by which CloudFront asks.
PICTURE_PATHS = ("/images/{image}/content", "/variants/{image}/{version}/{shape}")
GATEWAY_KEY = {"Fn::If": ["GatewayKeyIsNeeded", [{"gateway_key": []}], []]}
ANY = "x-amazon-apigateway-any-method"

TEMPLATE = Path(__file__).parents[2] / "template.yaml"
BEGIN, END = "# Written by .ci/gateway from the application's routes.", "# End of what .ci/gateway writes."
INDENT = 8
SPREAD = ("paths", "x-amazon-apigateway-gateway-responses")

# What the gateway itself refuses, as problems.
REFUSALS: dict[str, type[Problem]] = {
    "ACCESS_DENIED": edge_errors.GatewayAccessDenied,
    "API_CONFIGURATION_ERROR": edge_errors.GatewayMisconfigured,
    "BAD_REQUEST_PARAMETERS": edge_errors.GatewayBadRequest,
    "INTEGRATION_FAILURE": edge_errors.GatewayNoResponse,
    "INTEGRATION_TIMEOUT": edge_errors.GatewayTimeout,
    "INVALID_API_KEY": edge_errors.GatewayKeyInvalid,
    "QUOTA_EXCEEDED": edge_errors.QuotaExceeded,
    "REQUEST_TOO_LARGE": BodyTooLarge,
    "THROTTLED": edge_errors.TooManyRequests,
    "WAF_FILTERED": edge_errors.RequestFiltered,
}


class UndeclaredParameters(Exception):
    """A route is to be cached and takes parameters that its document does not name."""


def gateway_document(app: FastAPI) -> Document:
    """Describe the application's paths for API Gateway.

    Raises:
        UndeclaredParameters: a cached route takes parameters that are not all named.
    """
    # A greedy path takes what no other one does, so that the application says what it does not know.
    paths = {path: _open_path(path) for path in {"/", "/{path}", *PICTURE_PATHS, *_paths(app)}}
    for path in paths.keys() & set(CACHED):
        paths[path]["get"] = _cached(path, app.openapi()["paths"][path]["get"].get("parameters", []))
    return {
        "openapi": "3.0.1",
        "info": {"title": app.title, "version": app.version},
        "paths": {_greedy(path): paths[path] for path in sorted(paths)},
        "components": {
            "securitySchemes": {"gateway_key": {"type": "apiKey", "name": "x-api-key", "in": "header"}},
        },
        "x-amazon-apigateway-gateway-responses": {name: _refusal(problem) for name, problem in REFUSALS.items()},
    }


def _paths(app: FastAPI) -> set[str]:
    paths = set()
    for route in iter_route_contexts(app.routes):
        path = (route.path or "").replace(":path}", "}")
        # What has no methods is a folder of files.
        paths.add(path if route.methods else f"{path}/{{path}}")
    return paths


def _open_path(path: str) -> Document:
    """The methods of every path: any, so that the application refuses it, and the preflight of a browser."""
    parameters = [_parameter(name, "path") for name in _path_names(path)]
    function = PICTURES if path in PICTURE_PATHS else API
    anything = {"parameters": parameters, "x-amazon-apigateway-integration": _integration(function)}
    return {ANY: {"security": GATEWAY_KEY, **anything}, "options": anything}


def _cached(path: str, described: list[Document]) -> Document:
    # An object among the parameters stands for any names.
    free = [item["name"] for item in described if item.get("schema", {}).get("type") == "object"]
    if free:
        raise UndeclaredParameters(f"GET {path} takes {', '.join(free)}: any names, so it cannot be cached.")
    named = {(item["name"], item["in"]) for item in described}
    named |= {(name, "path") for name in _path_names(path)}
    named |= {(header, "header") for header in KEYED_HEADERS}
    keys = [_source(name, place) for name, place in sorted(named)]
    return {
        "parameters": [_parameter(name, place) for name, place in sorted(named)],
        "security": GATEWAY_KEY,
        "x-amazon-apigateway-integration": {**_integration(), "cacheKeyParameters": keys},
    }


def _integration(function: str = API) -> Document:
    uri = {"Fn::Sub": [INVOCATION, {"Function": {"Ref": function}}]}
    return {"type": "aws_proxy", "httpMethod": "POST", "uri": uri}


def _parameter(name: str, place: str) -> Document:
    return {"name": name, "in": place, "required": place == "path", "schema": {"type": "string"}}


def _source(name: str, place: str) -> str:
    return f"method.request.{'querystring' if place == 'query' else place}.{name}"


def _path_names(path: str) -> list[str]:
    return [part[1:-1] for part in path.split("/") if part.startswith("{")]


def _greedy(path: str) -> str:
    """A path whose last part may hold slashes: a key, or a file's path."""
    return path[:-1] + "+}" if path.endswith(("/records/{key}", "{path}")) else path


def _refusal(problem: type[Problem]) -> Document:
    said = f'"type":"/problems/{problem.slug()}","title":"{problem.title}","status":{problem.status}'
    members = f'{said},"detail":$context.error.messageString'
    return {
        "statusCode": problem.status,
        "responseParameters": {
            "gatewayresponse.header.Access-Control-Allow-Origin": "'*'",
            "gatewayresponse.header.Content-Type": "'application/problem+json'",
        },
        "responseTemplates": {"application/json": f'{{{members},"request_id":"$context.requestId"}}'},
    }


def write_into(template: str, document: Document) -> str:
    """The text of a template with the document in it, in place of the one before."""
    before, after = template.index(BEGIN) + len(BEGIN), template.index(END)
    lines = "".join(f"{' ' * INDENT}{line}\n" for line in _lines(document))
    return f"{template[:before]}\n{lines}{' ' * INDENT}{template[after:]}"


def _lines(document: Document) -> list[str]:
    """The document as YAML: each path's methods, and each other member, on a line of its own."""
    lines = []
    for name, value in document.items():
        if name in SPREAD:
            lines.append(f"{name}:")
            lines += [f"  {json.dumps(member)}: {json.dumps(content)}" for member, content in value.items()]
        else:
            lines.append(f"{name}: {json.dumps(value)}")
    return lines


def main() -> None:
    """Write the document of the application into the template."""
    from app.main import create_app  # noqa: PLC0415  # it reads the settings, which an importer of this module may lack

    text = TEMPLATE.read_text("utf-8")
    TEMPLATE.write_text(write_into(text, gateway_document(create_app())), "utf-8")


if __name__ == "__main__":
    main()
