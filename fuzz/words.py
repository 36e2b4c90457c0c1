"""What the targets' inputs are made of: words of each language, and documents to begin with."""

from __future__ import annotations

from typing import Any

TEMPLATE = (
    "=", "{{", "}}", "<<", ">>", "{{ ", " }}", "$json", ".a", ".b", ".t", ".length", "['a b']", '["b"]', "[0]", "[-1]", "?.", "[",
    "]", "(", ")", "`", "${", "}", "{", "'", '"', "\\", "/", "//", "/*", "*/", "\n", ";", ",", "=>", "+", "-", "1", "0x1", "1n",
    "$input.item.json", "$parameter", "$items()", "$now", "$jmespath", "$if(", "$node", "$env", "this", "constructor",
    "__proto__", "prototype", "Function", "eval", "async ", "await ", "yield ", "class ", "function", "return ", "throw ",
    "new ", "typeof ", "void 0", "null", "undefined", "NaN", ".toString()", ".map(x => x)", ".repeat(9)", ".toUpperCase()",
    ".extractEmail()", ".toDateTime()", "é", "\u2028", "\ud800", "\0", " ", "\\}}", "\\u007d", "...", "#x", "@", "import(", "let ",
)  # fmt: skip

DESCRIPTOR = (
    "name", "displayName", "properties", "routing", "send", "request", "output", "postReceive", "type", "options", "value",
    "default", "displayOptions", "show", "hide", "_cnd", "regex", "between", "from", "to", "eq", "collection",
    "fixedCollection", "values", "typeOptions", "multipleValues", "loadOptions", "credentials", "requestDefaults", "baseURL",
    "url", "method", "resources", "file", "operations", "version", "operation", "resource", "required", "encode",
    "property", "propertyInDotNotation", "paginate", "pagination", "authenticate", "generic", "extends", "errors", "echo",
    "string", "number", "boolean", "json", "query", "body", "path", "header", "={{ $value }}", "=x{{ $parameter.a }}",
    "/x/{a}", "http://127.0.0.1:1", "rootProperty", "setKeyValue", "filter", "limit", "sort", "binaryData", "odata", "@version",
)  # fmt: skip

_OPERATION: dict[str, Any] = {
    "displayName": "Operation",
    "name": "operation",
    "type": "options",
    "options": [
        {"name": "Go", "value": "go", "routing": {"request": {"method": "GET", "url": "/go"}}},
        {
            "name": "Put",
            "value": "put",
            "routing": {
                "request": {"method": "PUT", "url": "=/go/{{ $parameter.id }}"},
                "output": {"postReceive": [{"type": "rootProperty", "properties": {"property": "items"}}]},
            },
        },
    ],
}
NODE: dict[str, Any] = {
    "name": "probe",
    "displayName": "Probe",
    "group": ["transform"],
    "version": [1, 2],
    "description": "A probe",
    "defaults": {"name": "Probe"},
    "inputs": ["main"],
    "outputs": ["main"],
    "credentials": [{"name": "probeApi", "required": True}],
    "requestDefaults": {"baseURL": "http://127.0.0.1:1", "headers": {"Accept": "application/json"}},
    "properties": [
        {
            "displayName": "Resource", "name": "resource", "type": "options", "default": "thing",
            "options": [{"name": "Thing", "value": "thing"}, {"name": "Other", "value": "other"}],
        },
        {**_OPERATION, "displayOptions": {"show": {"resource": ["thing"]}}},
        {
            "displayName": "Id", "name": "id", "type": "string", "required": True, "default": "",
            "displayOptions": {"show": {"operation": ["put"], "@version": [{"_cnd": {"gte": 2}}]}},
            "routing": {"send": {"type": "body", "property": "a.b", "value": "={{ $value.trim() }}"}},
        },
        {
            "displayName": "Options", "name": "options", "type": "collection", "default": {},
            "options": [
                {"displayName": "Top", "name": "top", "type": "number", "routing": {"send": {"type": "query", "property": "$top"}}},
                {
                    "displayName": "Pairs", "name": "pairs", "type": "fixedCollection",
                    "typeOptions": {"multipleValues": True},
                    "options": [{"name": "pair", "displayName": "Pair", "values": [
                        {"displayName": "Key", "name": "key", "type": "string", "default": "={{ $json.a }}"},
                    ]}],
                },
            ],
        },
    ],
}  # fmt: skip
CREDENTIAL: dict[str, Any] = {
    "name": "probeApi",
    "displayName": "Probe API",
    "properties": [
        {"displayName": "Server", "name": "server", "type": "string", "required": True},
        {"displayName": "Key", "name": "key", "type": "string", "typeOptions": {"password": True}},
    ],
    "authenticate": {"type": "generic", "properties": {"headers": {"X-Key": "={{ $credentials.key }}"}}},
    "test": {"request": {"baseURL": "={{ $credentials.server }}", "url": "/ping"}},
}
DESCRIPTORS: tuple[Any, ...] = (
    NODE,
    CREDENTIAL,
    {"resource": "thing", "properties": NODE["properties"][1:]},
    {"type": "x.probe", "parameters": {"operation": "go"}, "credentials": {"probeApi": {"name": "p"}}},
    [{"json": {"a": 1}, "pairedItem": {"item": 0}}],
    {"names": {"a": "b"}, "operations": {"Thing/Go": {"rename": "x", "properties": {"Id": {"required": None}}}}},
)

OPENAPI = (
    "openapi", "3.0.0", "3.1.0", "swagger", "2.0", "info", "title", "paths", "/a", "/a/{id}", "/b('{id}')", "/f(x={x})", "get", "post",
    "put", "patch", "delete", "parameters", "name", "in", "query", "path", "header", "cookie", "body", "formData", "schema", "type", "string",
    "integer", "number", "boolean", "array", "object", "null", "items", "properties", "required", "enum", "allOf", "oneOf", "anyOf", "$ref",
    "#/components/schemas/A", "#/components/schemas/B", "#/components/parameters/P", "#/paths/~1a", "x.json", "#/", "requestBody", "content",
    "application/json", "application/x-www-form-urlencoded", "multipart/form-data", "text/plain", "*/*", "responses", "200", "201",
    "operationId", "tags", "security", "components", "schemas", "securitySchemes", "servers", "url", "https://x.test/{v}", "variables",
    "default", "nullable", "readOnly", "additionalProperties", "format", "binary", "date-time", "uuid", "style", "explode", "deepObject",
    "simple", "matrix", "encoding", "apiKey", "http", "scheme", "basic", "bearer", "oauth2", "flows", "clientCredentials", "tokenUrl", "scopes",
    "authorizationCode", "authorizationUrl", "$filter", "$top", "$skip", "If-Match", "resource", "operation", "Options", "={{ $json.a }}",
    "\U0001f600\u200d/", "\u202e", "<b>", "CON", "x-ms-docs-operation-type", "function", "action", "produces", "consumes", "host", "basePath",
)  # fmt: skip
_BODY: dict[str, Any] = {
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}},
    "required": True,
}
DOCUMENTS: tuple[dict[str, Any], ...] = (
    {
        "openapi": "3.0.0",
        "info": {"title": "Probe", "version": "1"},
        "servers": [{"url": "https://x.test/v1"}, {"url": "/v2"}],
        "security": [{"key": []}],
        "paths": {
            "/a": {
                "get": {"tags": ["a"], "operationId": "listA", "parameters": [
                    {"$ref": "#/components/parameters/P"},
                    {"name": "x", "in": "query", "style": "deepObject", "schema": {"type": "object"}},
                ]},
                "post": {"tags": ["a"], "operationId": "createA", "requestBody": _BODY, "responses": {"201": {"content": {}}}},
            },
            "/a/{id}": {
                "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
                "put": {"requestBody": {"content": {"multipart/form-data": {"schema": {"$ref": "#/components/schemas/B"}}}}},
                "delete": {"security": [{"login": []}, {}]},
            },
        },
        "components": {
            "parameters": {"P": {"name": "p", "in": "query", "schema": {"type": "array", "items": {"enum": ["a", "b"]}}}},
            "schemas": {
                "A": {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}, "b": {"$ref": "#/components/schemas/B"}}},
                "B": {"oneOf": [{"$ref": "#/components/schemas/A"}, {"type": "object", "properties": {"f": {"format": "binary"}}}]},
            },
            "securitySchemes": {
                "key": {"type": "apiKey", "in": "header", "name": "X-Key"},
                "login": {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "/t", "scopes": {"r": ""}}}},
            },
        },
    },
    {
        "swagger": "2.0",
        "info": {"title": "Old"},
        "host": "x.test",
        "basePath": "/v1",
        "consumes": ["application/json"],
        "paths": {
            "/f": {"post": {"parameters": [
                {"name": "f", "in": "formData", "type": "file"},
                {"name": "l", "in": "query", "type": "array", "items": {"type": "string"}, "collectionFormat": "csv"},
            ], "responses": {"200": {"schema": {"type": "file"}}}}},
            "/b": {"put": {"parameters": [{"name": "b", "in": "body", "schema": {"$ref": "#/definitions/A"}}]}},
        },
        "definitions": {"A": {"type": "object", "properties": {"a": {"type": "string"}}}},
        "securityDefinitions": {"basic": {"type": "basic"}},
    },
    {
        "openapi": "3.0.4",
        "info": {"title": "OData"},
        "paths": {
            "/Things": {"get": {"tags": ["Things"], "operationId": "Things_List", "parameters": [
                {"name": "$top", "in": "query", "schema": {"type": "integer"}},
                {"name": "$skip", "in": "query", "schema": {"type": "integer"}},
            ], "responses": {"200": {"content": {"application/json": {}}}}}},
            "/Things({Id})": {"patch": {"tags": ["Things"], "parameters": [
                {"name": "Id", "in": "path", "required": True, "schema": {"type": "string"}},
                {"name": "If-Match", "in": "header", "schema": {"type": "string"}},
            ], "requestBody": _BODY}},
            "/Ns.Call(a={a},b='{b}')": {"get": {"x-ms-docs-operation-type": "function", "parameters": [
                {"name": "a", "in": "path", "required": True, "schema": {"type": "integer", "nullable": True}},
            ]}},
        },
        "components": {"schemas": {"A": {"type": "object", "properties": {"Id": {"type": "string"}}}}},
    },
)  # fmt: skip

HEADERS = (
    "content-type",
    "content-length",
    "etag",
    "content-disposition",
    "link",
    "location",
    "retry-after",
    "content-encoding",
)
HEADER_VALUES = (
    "application/json", "application/json; charset=utf-16", "application/json;odata.metadata=minimal", "text/plain",
    "text/html; charset=latin-1", 'text/plain; charset="no-such"', "text/plain; charset=idna", "text/plain; charset=base64",
    "image/png", "application/octet-stream", "application/problem+json", "application/xml", "text/csv;charset=utf-7", "", ";", "=",
    'attachment; filename="../a.png"', "attachment; filename*=UTF-8''%2e%2e%2fa", "attachment; filename*=x''%ff", "<http://x/?p=2>; rel=next",
    "Wed, 21 Oct 2015 07:28:00 GMT", "1e9", "-1", "\x00", "é", "text/plain; charset=unicode_escape", "text/plain; charset=undefined",
)  # fmt: skip
STATUSES = (
    200,
    200,
    200,
    201,
    202,
    204,
    206,
    299,
    301,
    304,
    400,
    401,
    403,
    404,
    409,
    412,
    418,
    422,
    429,
    500,
    503,
    599,
)
ANSWER = (
    "value", "@odata.count", "@odata.nextLink", "@odata.etag", "@odata.context", "error", "code", "message", "details", "innererror",
    "items", "next", "data", "http://127.0.0.1:1/go?$skip=1", "http://other.test/x", "/go", "Link", "errors", "title", "detail",
)  # fmt: skip


def _answering(output: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A node whose one operation receives its answer as `output` says."""
    go = {
        "name": "Go",
        "value": "go",
        "routing": {"request": {"method": "GET", "url": "/go"}, "output": output, **more},
    }
    operation = {"displayName": "Operation", "name": "operation", "type": "options", "default": "go", "options": [go]}
    return {
        "name": "probe",
        "displayName": "Probe",
        "requestDefaults": {"baseURL": "http://127.0.0.1:1"},
        "properties": [operation],
    }


def _after(kind: str, **properties: Any) -> dict[str, Any]:
    return {"postReceive": [{"type": kind, "properties": properties}]}


ANSWERING: tuple[dict[str, Any], ...] = (
    _answering({}),
    _answering(_after("odata")),
    _answering(_after("odata", files=True)),
    _answering(_after("rootProperty", property="items")),
    _answering(_after("limit", maxResults="={{ $response.body.count }}")),
    _answering(_after("filter", **{"pass": "={{ $responseItem.a }}"})),
    _answering(_after("sort", key="a")),
    _answering(_after("setKeyValue", a="={{ $responseItem.value }}", b="={{ $response.headers.etag }}")),
    _answering(_after("set", value="={{ $response.body.value }}")),
    _answering(_after("binaryData", destinationProperty="data")),
    _answering({"maxResults": 2, **_after("odata")}, send={"paginate": True}, operations={"pagination": {"type": "odata"}}),
    _answering(
        {}, send={"paginate": True},
        operations={"pagination": {"type": "generic", "properties": {
            "continue": "={{ !!$response.body.next }}", "request": {"url": "={{ $response.body.next }}"},
        }}},
    ),
)  # fmt: skip
