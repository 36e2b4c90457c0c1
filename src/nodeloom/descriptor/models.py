"""The documents: node descriptors and credential types, as n8n writes them, with Nodeloom's few additions.

Every model keeps the keys that it does not know, so that a descriptor for a later n8n still loads. The description of a
key says so if n8n does not have it. Attribute names are the document's keys in snake case.
"""

from __future__ import annotations

from typing import Annotated, Literal

from nodeloom.descriptor.documentkeys import Matching, Told, key
from nodeloom.descriptor.documents import Document as Document
from nodeloom.values import Json

# -- routing: what a property or an operation contributes to a request and to reading its answer ------------------

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


# -- properties: the form ----------------------------------------------------------------------------------------


class DisplayOptions(Document):
    """When a property, option or credential is visible (n8n `displayOptions`)."""

    show: dict[str, Json] | None = key(default=None, description="Every key must match for the part to be visible.")
    hide: dict[str, Json] | None = key(default=None, description="No key may match for the part to be visible.")


class StatusMeaning(Document):
    """What an HTTP error status means for one operation (Nodeloom)."""

    message: str = key(description="What the status means here; `{Name}` is a property's value.")
    hint: str | None = key(default=None, description="What to do about it.")


class BulkTwin(Document):
    """The operation that does to many what another does to one (Nodeloom)."""

    operation: str = key(description="Name of the operation for many, of the same resource.")
    item: str = key(description="Property of the single operation that addresses one thing.")
    list: str = key(description="Property of the operation for many that takes a list of these.")


class OptionDescriptor(Document):
    """One choice of an `options` or `multiOptions` property; an operation is such a choice."""

    name: str = key(description="Label.")
    value: Json = key(default=None, description="What the parameter holds when it is chosen.")
    action: str | None = key(default=None, description="Label in a list of actions.")
    description: str | None = None
    display_options: DisplayOptions | None = None
    routing: Routing | None = None
    errors: dict[str, StatusMeaning] | None = key(
        default=None, description="Status code → what it means for this operation (Nodeloom)."
    )
    since: str | None = key(default=None, description="The service's release from which on it is known (Nodeloom).")
    bulk: BulkTwin | None = key(default=None, description="Its twin for many items in one call (Nodeloom).")


class GroupDescriptor(Document):
    """One group of a fixedCollection."""

    name: str
    display_name: str | None = None
    values: list[PropertyDescriptor]


class CollectionMode(Document):
    """One way to fill in a resourceLocator."""

    name: str
    display_name: str | None = None
    type: str | None = None
    extract_value: Json = None


PartKind = Literal["option", "property", "group"]

#: What the entries of `options` are, by the type of the property that holds them.
PART_KINDS: dict[str, PartKind] = {
    "collection": "property",
    "fixedCollection": "group",
    "options": "option",
    "multiOptions": "option",
}


def part_kind(part: Json, holder: Json = None) -> PartKind:
    """Which kind of part an entry of `options` is: as the type of the property that holds it says, else its keys."""
    if isinstance(holder, dict) and isinstance(held := holder.get("type"), str) and held in PART_KINDS:
        return PART_KINDS[held]
    if isinstance(part, PropertyDescriptor):
        return "property"
    if isinstance(part, GroupDescriptor):
        return "group"
    if isinstance(part, dict):
        if "values" in part:
            return "group"
        if "type" in part and "value" not in part:
            return "property"
    return "option"


class PropertyDescriptor(Document):
    """One field of the form."""

    name: str = key(description="Key in the parameters.")
    display_name: str | None = key(default=None, description="Label.")
    type: str = key(description="string, number, boolean, options, json, collection, …")
    default: Json = key(default=None, description="Used, and sent, when the parameter is not given.")
    required: bool = False
    description: str | None = None
    hint: str | None = None
    placeholder: Json = None
    no_data_expression: bool = False
    options: list[OptionPart] | None = key(default=None, description="Choices, nested properties or groups.")
    type_options: dict[str, Json] | None = None
    display_options: DisplayOptions | None = None
    routing: Routing | None = None
    modes: list[CollectionMode] | None = None
    extract_value: Json = None
    validate_type: str | None = key(
        default=None, description="Type that the value is brought to before it is sent: number, boolean, dateTime, …"
    )
    value_schema: dict[str, Json] | None = key(
        default=None, alias="schema", description="JSON Schema the resolved value must match (Nodeloom)."
    )

    @property
    def label(self) -> str:
        """What a person calls the property."""
        return self.display_name or self.name

    @property
    def has_default(self) -> bool:
        """Whether a default is written; a property without one is not sent unless the author sets it."""
        return "default" in self.model_fields_set

    @property
    def initial(self) -> Json:
        """The value of a property that is not given: its default; of a list of collections an empty list (n8n)."""
        if self.type == "collection" and self.multiple and not isinstance(self.default, list):
            return []
        return self.default

    @property
    def multiple(self) -> bool:
        """Whether the property takes a list of values (n8n `typeOptions.multipleValues`)."""
        return bool((self.type_options or {}).get("multipleValues"))

    def choices(self) -> list[OptionDescriptor]:
        """The options of an `options` or `multiOptions` property."""
        return [o for o in self.options or () if isinstance(o, OptionDescriptor)]

    def children(self) -> list[PropertyDescriptor]:
        """The nested properties of a `collection`."""
        return [o for o in self.options or () if isinstance(o, PropertyDescriptor)]

    def groups(self) -> list[GroupDescriptor]:
        """The groups of a `fixedCollection`."""
        return [o for o in self.options or () if isinstance(o, GroupDescriptor)]


OptionPart = Annotated[
    OptionDescriptor | PropertyDescriptor | GroupDescriptor,
    Told(part_kind, {"option": OptionDescriptor, "property": PropertyDescriptor, "group": GroupDescriptor}),
]


# -- nodes -------------------------------------------------------------------------------------------------------


class CredentialReference(Document):
    """A credential type that a node uses."""

    name: str = key(description="Name of the credential type.")
    required: bool = False
    display_options: DisplayOptions | None = None


class ResourceIndex(Document):
    """The place of a resource of a split node, and what it offers (Nodeloom)."""

    file: str = key(description="File beside the node's document that holds the resource's properties.")
    operations: list[str] = key(default_factory=list, description="Names of its operations, in order.")
    methods: list[str] | None = key(default=None, description="HTTP methods of these operations, in the same order.")
    since: dict[str, str] | None = key(
        default=None,
        description="Operation → release from which on it is known, where that is not the first one on record.",
    )
    gone: dict[str, str] | None = key(
        default=None, description="Operation that the service no longer has → the last release that had it."
    )


class NodeDescriptor(Document):
    """A node: which credential types it takes, its properties, and how they become requests."""

    name: str = key(description="Unique name.")
    display_name: str = key(description="Label.")
    version: int | float | list[int | float] = 1
    group: list[str] | None = None
    description: str | None = None
    defaults: dict[str, Json] | None = None
    inputs: Json = None
    outputs: Json = None
    credentials: list[CredentialReference] = key(default_factory=list)
    request_defaults: RequestRouting | None = None
    request_operations: dict[str, Json] | None = None
    features: dict[str, dict[str, Json]] | None = key(
        default=None, description='Name → the versions that have it: `{"@version": [conditions]}` (n8n `@feature`).'
    )
    properties: list[PropertyDescriptor] = key(default_factory=list)
    resources: dict[str, ResourceIndex] | None = key(
        default=None, description="A split node: value of `resource` → where its properties are (Nodeloom)."
    )
    search: str | None = key(
        default=None, description="File beside the node's document with its search index (Nodeloom)."
    )
    release: str | None = key(default=None, description="The service's release that the node was made from (Nodeloom).")
    sensitive_output_fields: list[str] | None = key(
        default=None,
        description="Dotted paths of fields of the items that are as secret as a credential: `headers.authorization`.",
    )

    @property
    def type_version(self) -> int | float:
        """The newest version the descriptor describes: n8n's default for a new node."""
        if not isinstance(self.version, list):
            return self.version
        default = self.model_extra.get("defaultVersion")
        return default if isinstance(default, (int, float)) else max(self.version, default=1)


class ResourceDocument(Document):
    """One resource of a split node: the operation property and the properties of its operations (Nodeloom)."""

    resource: str = key(description="Value of the parameter `resource`.")
    properties: list[PropertyDescriptor]


# -- credential types --------------------------------------------------------------------------------------------


TemplateText = Annotated[str, Matching(r"^=", "An expression.")]


class TokenRequest(Document):
    """How a credential gets its access token by OAuth 2.0, RFC 6749 (Nodeloom). Texts are expressions or constants."""

    grant_type: (
        Literal["client_credentials", "clientCredentials", "authorization_code", "authorizationCode", "pkce"]
        | TemplateText
    ) = key(default="client_credentials", description="n8n's names and those of RFC 6749.")
    auth_url: str | None = key(default=None, description="Where the user signs in; for authorization code and PKCE.")
    access_token_url: str = key(description="The token endpoint.")
    client_id: str = key(description="The client's identifier.")
    client_secret: str = key(description="The client's secret; empty for a public client (PKCE).")
    scope: str | None = key(default=None, description="Scopes, parted by spaces.")
    auth_query_parameters: str | None = key(default=None, description="More query parameters for authUrl: `a=b&c=d`.")
    authentication: Literal["body", "header"] | TemplateText = key(
        default="body", description="Where the client's secret stands."
    )
    skip_ssl_certificate_validation: bool | TemplateText = key(
        default=False, description="Do not verify the token endpoint's certificate."
    )
    additional_body_properties: Json = key(
        default=None,
        description="More parameters of a client credentials request, such as `audience`: an object, or its JSON text.",
    )
    token_expired_status_code: Json = key(
        default=401, description="The status that says that the token is no longer good; several in a list."
    )
    field: str = key(default="accessToken", description="The credential field the token fills when it is not given.")
    token_data: str | None = key(
        default=None,
        description="The credential field that keeps access_token, refresh_token, expires_at, scope and token_type, "
        "in place of `field`; the token goes on requests as `Authorization` unless `authenticate` uses it.",
    )


class CredentialTest(Document):
    """The request that shows whether a credential works (n8n `test`)."""

    request: RequestRouting
    rules: list[Json] | None = None


class CredentialType(Document):
    """A kind of credential: its fields, and how they get onto a request."""

    name: str = key(description="Unique name.")
    display_name: str | None = None
    documentation_url: str | None = None
    properties: list[PropertyDescriptor] = key(default_factory=list)
    extends: list[str] | None = None
    authenticate: dict[str, Json] | None = key(
        default=None,
        description="`{type: generic, properties: {headers, qs, body, auth}}`: expressions with $credentials.",
    )
    test: CredentialTest | None = None
    token: TokenRequest | None = None
    restrict_to_supported_nodes: bool | None = key(
        default=None, description="Whether only the nodes in `supportedNodes` may use it."
    )
    supported_nodes: list[str] | None = key(default=None, description="Names of the nodes it is made for.")
    require_one_of: list[list[str]] | None = key(
        default=None, description="Sets of fields of which one must be filled in whole (Nodeloom)."
    )

    @property
    def label(self) -> str:
        """What a person calls the credential type."""
        return self.display_name or self.name

    def secret_fields(self) -> frozenset[str]:
        """Names of the fields n8n hides while typing (`typeOptions.password`)."""
        return frozenset(p.name for p in self.properties if (p.type_options or {}).get("password"))
