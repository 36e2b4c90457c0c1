"""Website Links: the entity set as 3CX's OpenAPI file (20.0.10) declares it, and its two actions."""

from __future__ import annotations

from nodeloom.testing.odata.boundoperations import Call
from nodeloom.testing.odata.declarations import ComplexType, Edm, EntitySet, EntityType, EnumType, Field, Operation
from nodeloom.testing.odata.refusal import ODataError
from nodeloom.testing.threecx.behaviours import bulk_delete
from nodeloom.values import JsonObject


def _enum(name: str, *members: str) -> EnumType:
    return EnumType(f"Pbx.{name}", frozenset(members))


def _complex(name: str, *fields: Field) -> ComplexType:
    return ComplexType(f"Pbx.{name}", fields)


def _fields(kind: Edm, *names: str) -> tuple[Field, ...]:
    return tuple(Field(name, kind) for name in names)


_COMMUNICATION = _enum("LiveChatCommunication", "ChatOnly", "PhoneAndChat", "PhoneOnly", "VideoPhoneAndChat")
_BUTTON_ICON = _enum("ButtonIconType", "Url", "Default", "Bubble", "DoubleBubble")
_LANGUAGE = _enum("LiveChatLanguage", "browser", "en", "es", "de", "fr", "it", "pl", "ru", "pt", "zh")
_USER_INFO = _enum("LiveMessageUserinfoFormat", "Avatar", "Name", "Both", "None")
_DATE_FORMAT = _enum("LiveChatMessageDateformat", "Date", "Time", "Both")
_MINIMIZED = _enum("LiveChatMinimizedStyle", "BubbleLeft", "BubbleRight", "BottomLeft", "BottomRight")
_AUTHENTICATION = _enum("Authentication", "Both", "Name", "Email", "None")
_GREETING = _enum("LiveChatGreeting", "Disabled", "OnlyOnDesktop", "OnlyOnMobile", "DesktopAndMobile")
_ANIMATION = _enum("AnimationStyle", "SlideUp", "SlideFromSide", "FadeIn", "NoAnimation")
_USER_TAG = _enum(
    "UserTag", "MS", "Teams", "Google", "WakeUp", "FaxServer", "Principal", "WeakID", "WeakPass", "WM", "AI"
)
_PEER_TYPE = _enum(
    "PeerType",
    *("None", "Extension", "Queue", "RingGroup", "IVR", "Fax", "Conference", "SpecialMenu", "Parking"),
    *("ExternalLine", "Group", "RoutePoint"),
)

_ADVANCED = _complex(
    "LiveChatAdvancedSettings",
    Field("CallTitle"),
    Field("CommunicationOptions", _COMMUNICATION),
    *_fields(Edm.BOOLEAN, "EnableDirectCall", "IgnoreQueueOwnership"),
)
_CHAT_BOX = _complex(
    "LiveChatBox",
    Field("ButtonIconType", _BUTTON_ICON),
    Field("ButtonIconUrl"),
    Field("ChatDelay", Edm.INT32),
    Field("Height"),
    Field("LiveChatLanguage", _LANGUAGE),
    Field("LiveMessageUserinfoFormat", _USER_INFO),
    Field("MessageDateformat", _DATE_FORMAT),
    Field("MinimizedStyle", _MINIMIZED),
    Field("OperatorIcon", max_length=136_533),
    Field("OperatorName"),
    Field("ShowOperatorActualName", Edm.BOOLEAN),
    Field("WindowIcon", max_length=136_533),
)
_GENERAL = _complex(
    "GeneralLiveChatSettings",
    Field("AllowSoundNotifications", Edm.BOOLEAN),
    Field("Authentication", _AUTHENTICATION),
    *_fields(Edm.BOOLEAN, "DisableOfflineMessages", "EnableGA", "EnableOnMobile", "GdprEnabled"),
    Field("Greeting", _GREETING),
)
_STYLING = _complex(
    "LiveChatStyling",
    Field("Animation", _ANIMATION),
    Field("Minimized", Edm.BOOLEAN),
    Field("Style", max_length=2048),
    Field("UseRubik", Edm.BOOLEAN),
)
_TRANSLATIONS = _complex(
    "WebsiteLinksTranslations",
    *_fields(
        Edm.STRING,
        *("AuthenticationMessage", "EndingMessage", "FirstResponseMessage", "GdprMessage", "GreetingMessage"),
        *("GreetingOfflineMessage", "InviteMessage", "OfflineEmailMessage", "OfflineFinishMessage"),
        *("OfflineFormInvalidEmail", "OfflineFormInvalidName", "OfflineFormMaximumCharactersReached"),
        *("OfflineNameMessage", "StartChatButtonText", "UnavailableMessage", "WindowTitle"),
    ),
)
_PEER_GROUP = _complex(
    "PeerGroup",
    Field("GroupID", Edm.INT32, nullable=False),
    Field("IsPrimary", Edm.BOOLEAN),
    *_fields(Edm.STRING, "Name", "Number", "RoleName"),
)
_PEER = _complex(
    "Peer",
    Field("Hidden", Edm.BOOLEAN),
    Field("Id", Edm.INT32, nullable=False),
    Field("MemberOf", _PEER_GROUP, collection=True, nullable=False, navigation=True),
    *_fields(Edm.STRING, "Name", "Number"),
    Field("Tags", _USER_TAG, collection=True, nullable=False),
    Field("Type", _PEER_TYPE),
)

WEBLINK = EntityType(
    "Pbx.Weblink",
    (
        Field("Advanced", _ADVANCED),
        Field("CallsEnabled", Edm.BOOLEAN),
        Field("ChatBox", _CHAT_BOX),
        Field("ChatEnabled", Edm.BOOLEAN),
        Field("DefaultRecord", Edm.BOOLEAN),
        Field("DN", _PEER, navigation=True),
        Field("EnableReCaptcha", Edm.BOOLEAN),
        Field("General", _GENERAL),
        Field("Group"),
        Field("Hidden", Edm.BOOLEAN),
        Field("Id", Edm.INT32),
        Field("Link", nullable=False),
        Field("MeetingEnabled", Edm.BOOLEAN),
        Field("Name"),
        Field("Styling", _STYLING),
        Field("Translations", _TRANSLATIONS),
        Field("Website", collection=True, nullable=False),
    ),
    key=("Link",),
)
_NAME_VALIDATION = _complex(
    "ChatLinkNameValidation", Field("FriendlyName", nullable=False), Field("Pair", nullable=False)
)


def validate_link(call: Call) -> None:
    """204 when no link has the name `model.FriendlyName`; 400 ALREADY_IN_USE when one has."""
    name = call.arguments["model"].get("FriendlyName")
    if not name:
        raise ODataError.warning(400, "REQUIRED", "FriendlyName")
    if name in call.store:
        raise ODataError.warning(400, "ALREADY_IN_USE", "FriendlyName")


WEBSITE_LINKS = EntitySet(
    "WebsiteLinks",
    WEBLINK,
    operations=(
        Operation("Pbx.ValidateLink", validate_link, (Field("model", _NAME_VALIDATION, nullable=False),)),
        Operation("Pbx.BulkLinksDelete", bulk_delete, (Field("ids", collection=True, nullable=False),)),
    ),
    defaults={"CallsEnabled": True, "ChatEnabled": True, "Hidden": False, "DefaultRecord": False},
)


def sample_link(link: str, number: int) -> JsonObject:
    """A link as a PBX would hold it; `number` sets its Id and its name."""
    return {
        "Link": link,
        "Id": number,
        "Name": f"Website link {number}",
        "Group": "GRP0000",
        "Website": ["https://www.example.com"],
        "MeetingEnabled": False,
        "EnableReCaptcha": False,
        "DN": {
            "Id": 100,
            "Number": "800",
            "Name": "Sales",
            "Type": "Queue",
            "Hidden": False,
            "MemberOf": [],
            "Tags": [],
        },
        "General": {"Greeting": "DesktopAndMobile", "Authentication": "Both", "EnableOnMobile": True},
        "Advanced": {"CommunicationOptions": "PhoneAndChat", "EnableDirectCall": True},
    }
