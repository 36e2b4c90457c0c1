"""What a property or an operation contributes to a request and to reading its answer: n8n's `routing`, as models."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag
from pydantic.alias_generators import to_camel

Json = Any

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
    "binary",
    "binaryPart",
    "odata.string",
    "odata.boolean",
    "odata.integer",
    "odata.number",
    "odata.guid",
    "odata.dateTime",
    "odata.list",
]


class Document(BaseModel):
    """What all parts of a descriptor share: camel-case keys, unknown keys kept, immutable once loaded.

    Values are taken as they are (`strict`): `"true"` is no boolean, as the published JSON Schemas say too.
    """

    model_config = ConfigDict(extra="allow", alias_generator=to_camel, frozen=True, strict=True)

    def entries(self) -> dict[str, Json]:
        """The keys that were written, unknown ones included, as the document spells them."""
        fields = type(self).model_fields
        known = {(f.alias or n): getattr(self, n) for n, f in fields.items() if n in self.model_fields_set}
        return {**known, **(self.model_extra or {})}


class RequestRouting(Document):
    """Parts of the HTTP request; any value may be an expression, at any depth (n8n `routing.request`)."""

    method: str | None = Field(None, description="HTTP method, or an expression.")
    url: str | None = Field(
        None,
        description="Path below baseURL, or an absolute address. `{Name}` is filled by a property sent as `path`.",
    )
    base_url: str | None = Field(None, alias="baseURL", description="Where the service is.")
    headers: Json = Field(None, description="Header fields.")
    qs: Json = Field(None, description="Query parameters.")
    body: Json = Field(None, description="Body.")
    encoding: str | None = Field(None, description="`arraybuffer` keeps the answer's bytes.")
    as_json: bool | str | None = Field(None, alias="json", description="Whether body and answer are JSON.")
    return_full_response: bool | str | None = Field(None, description="Answer with body, headers and status.")
    ignore_http_status_errors: Json = Field(None, description="Treat error statuses as answers.")
    skip_ssl_certificate_validation: bool | str | None = Field(None, description="Do not verify TLS.")
    array_format: str | None = Field(
        None, description="How a list stands in the query: indices, brackets, repeat or comma."
    )
    disable_follow_redirect: bool | str | None = Field(None, description="Do not follow redirects.")
    timeout: Json = Field(None, description="Milliseconds.")
    query_encoding: Literal["odata"] | None = Field(
        None, description="`odata` leaves `$`, commas, quotes and parentheses of the query as they are (Nodeloom)."
    )
    body_required: bool | None = Field(
        None, description="Whether a body is sent also when nothing is in it (Nodeloom)."
    )


class SendRouting(Document):
    """Where a property's value goes in the request (n8n `routing.send`)."""

    type: SendType = Field("query", description="`path`, `header` and `cookie` are Nodeloom's.")
    property: str | None = Field(
        None,
        description="Name at the destination; an expression, or a dotted path. Without it, an encoded `body` value is "
        "the body itself.",
    )
    value: Json = Field(None, description="Expression that replaces the parameter's own value.")
    property_in_dot_notation: bool = Field(True, description="Whether dots in `property` make a path.")
    paginate: bool | str | None = Field(None, description="Whether `operations.pagination` applies.")
    pre_send: Json = Field(None, description="JavaScript hooks; an operation that has one cannot run.")
    encode: Encoder | None = Field(None, description="How the value is written (Nodeloom).")
    style: Style | None = Field(None, description="How a list or object is written, as in OpenAPI (Nodeloom).")
    explode: bool | None = Field(None, description="Whether each member stands for itself, as in OpenAPI (Nodeloom).")
    allow_reserved: bool | None = Field(
        None, description="Whether reserved characters of a query value stay as they are, as in OpenAPI (Nodeloom)."
    )
    nullable: bool | None = Field(
        None, description="Whether null may stand in the path: an OData argument that is not given (Nodeloom)."
    )


class PostReceive(Document):
    """One step from an answer to items (n8n `postReceive`; `odata` is Nodeloom's)."""

    type: str
    properties: dict[str, Json] = Field(default_factory=dict)
    enabled: bool | str | None = Field(None, description="Whether the step applies; may be an expression.")
    error_message: str | None = None


#: How a JavaScript function stands in a descriptor that was written out as JSON: `{"__function__": name}`.
HOOK = "__function__"


def step_kind(step: Json) -> str:
    """What an entry of `postReceive` is: a "step", or a JavaScript "hook"."""
    return "step" if isinstance(step, PostReceive) or (isinstance(step, dict) and HOOK not in step) else "hook"


PostReceivePart = Annotated[
    Annotated[PostReceive, Tag("step")] | Annotated[Json, Tag("hook")],
    Discriminator(step_kind),
]


class OutputRouting(Document):
    """How an answer becomes items (n8n `routing.output`)."""

    max_results: int | float | str | None = Field(None, description="At most so many items; may be an expression.")
    post_receive: list[PostReceivePart] | None = Field(None, description="Steps, in order.")
    annotations: bool | str | list[str] | None = Field(
        None, description="Annotations the step `odata` keeps: names, or true for all; may be an expression (Nodeloom)."
    )
    echo: list[str] | None = Field(None, description="Properties whose values an empty success repeats (Nodeloom).")


class Routing(Document):
    """What a property or option contributes to the request and to reading the answer (n8n `routing`)."""

    request: RequestRouting | None = None
    send: SendRouting | None = None
    output: OutputRouting | None = None
    operations: dict[str, Json] | None = Field(None, description="`pagination`: generic or offset.")
