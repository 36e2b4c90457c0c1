"""What a property or an operation contributes to a request and to reading its answer: n8n's `routing`, as models."""

from __future__ import annotations

from typing import Annotated, Literal

from nodeloom.descriptor.documents import Document, Told, key
from nodeloom.values import Json

SendType = Literal["body", "query", "path", "header", "cookie"]
Style = Literal["simple", "label", "matrix", "form", "spaceDelimited", "pipeDelimited", "tabDelimited", "deepObject"]
Encoder = Literal[
    "segment",
    "string",
    "boolean",
    "integer",
    "number",
    "json",
    "list",
    "jsonText",
    "jsonString",
    "binary",
    "binaryPart",
    "odata.string",
    "odata.boolean",
    "odata.integer",
    "odata.number",
    "odata.guid",
    "odata.dateTime",
    "odata.list",
    "search",
]


class RequestRouting(Document):
    """Parts of the HTTP request; any value may be an expression, at any depth (n8n `routing.request`)."""

    method: str | None = key(default=None, description="HTTP method, or an expression.")
    url: str | None = key(
        default=None,
        description="Path below baseURL, or an absolute address. `{Name}` is filled by a property sent as `path`.",
    )
    base_url: str | None = key(default=None, alias="baseURL", description="Where the service is.")
    headers: Json = key(default=None, description="Header fields.")
    qs: Json = key(default=None, description="Query parameters.")
    body: Json = key(default=None, description="Body.")
    encoding: str | None = key(default=None, description="`arraybuffer` keeps the answer's bytes.")
    as_json: bool | str | None = key(default=None, alias="json", description="Whether body and answer are JSON.")
    return_full_response: bool | str | None = key(default=None, description="Answer with body, headers and status.")
    ignore_http_status_errors: Json = key(default=None, description="Treat error statuses as answers.")
    skip_ssl_certificate_validation: bool | str | None = key(default=None, description="Do not verify TLS.")
    array_format: str | None = key(
        default=None, description="How a list stands in the query: indices, brackets, repeat or comma."
    )
    disable_follow_redirect: bool | str | None = key(default=None, description="Do not follow redirects.")
    timeout: Json = key(default=None, description="Milliseconds.")
    query_encoding: Literal["odata"] | None = key(
        default=None,
        description="`odata` leaves `$`, commas, quotes and parentheses of the query as they are (Nodeloom).",
    )
    body_required: bool | None = key(
        default=None, description="Whether a body is sent also when nothing is in it (Nodeloom)."
    )


class SendRouting(Document):
    """Where a property's value goes in the request (n8n `routing.send`)."""

    type: SendType = key(default="query", description="`path`, `header` and `cookie` are Nodeloom's.")
    property: str | None = key(
        default=None,
        description="Name at the destination; an expression, or a dotted path. Without it, an encoded `body` value is "
        "the body itself.",
    )
    value: Json = key(default=None, description="Expression that replaces the parameter's own value.")
    property_in_dot_notation: bool = key(default=True, description="Whether dots in `property` make a path.")
    paginate: bool | str | None = key(default=None, description="Whether `operations.pagination` applies.")
    pre_send: Json = key(default=None, description="JavaScript hooks; an operation that has one cannot run.")
    encode: Encoder | None = key(default=None, description="How the value is written (Nodeloom).")
    style: Style | None = key(default=None, description="How a list or object is written, as in OpenAPI (Nodeloom).")
    explode: bool | None = key(
        default=None, description="Whether each member stands for itself, as in OpenAPI (Nodeloom)."
    )
    allow_reserved: bool | None = key(
        default=None,
        description="Whether reserved characters of a query value stay as they are, as in OpenAPI (Nodeloom).",
    )
    combine: Literal["least"] | None = key(
        default=None, description="`least` keeps the smaller of two numbers that are sent under one name (Nodeloom)."
    )
    nullable: bool | None = key(
        default=None,
        description="Whether null is a value: of a required field of a body, or of an OData argument that is not given "
        "(Nodeloom).",
    )
    content_type: str | None = key(
        default=None,
        description="Media type of the part or body, several with commas, or a range such as `image/*`; a file has its "
        "own where that is among them (Nodeloom).",
    )
    headers: dict[str, Json] | None = key(
        default=None, description="Header fields of the part of a multipart body; may be expressions (Nodeloom)."
    )


class PostReceive(Document):
    """One step from an answer to items (n8n `postReceive`; `odata` is Nodeloom's)."""

    type: str
    properties: dict[str, Json] = key(default_factory=dict)
    enabled: bool | str | None = key(default=None, description="Whether the step applies; may be an expression.")
    error_message: str | None = None


#: How a JavaScript function stands in a descriptor that was written out as JSON: `{"__function__": name}`.
HOOK = "__function__"


def step_kind(step: Json, _holder: Json = None) -> str:
    """What an entry of `postReceive` is: a "step", or a JavaScript "hook"."""
    return "step" if isinstance(step, PostReceive) or (isinstance(step, dict) and HOOK not in step) else "hook"


PostReceivePart = Annotated[PostReceive | Json, Told(step_kind, {"step": PostReceive, "hook": Json})]


class OutputRouting(Document):
    """How an answer becomes items (n8n `routing.output`)."""

    max_results: int | float | str | None = key(
        default=None, description="At most so many items; may be an expression."
    )
    post_receive: list[PostReceivePart] | None = key(default=None, description="Steps, in order.")
    annotations: bool | str | list[str] | None = key(
        default=None,
        description="Annotations the step `odata` keeps: names, or true for all; may be an expression (Nodeloom).",
    )
    echo: list[str] | None = key(
        default=None, description="Properties whose values an empty success repeats (Nodeloom)."
    )
    answer: Literal["json", "none"] | None = key(
        default=None,
        description="What a success answers: `json`, or `none` for no content. All else is an error (Nodeloom).",
    )


class Routing(Document):
    """What a property or option contributes to the request and to reading the answer (n8n `routing`)."""

    request: RequestRouting | None = None
    send: SendRouting | None = None
    output: OutputRouting | None = None
    operations: dict[str, Json] | None = key(default=None, description="`pagination`: generic or offset.")
