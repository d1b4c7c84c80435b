"""Accounts, people and seats in words and rules."""

import hashlib
import re
import secrets
import unicodedata
from collections.abc import Iterable, Mapping
from importlib import resources
from typing import Any, NamedTuple, NoReturn

from anyascii import anyascii

from kit.errors import Forbidden, refuse

LOCALES = ("en", "fr")
INTERVALS = ("month", "year")

ACTIVE, REMOVED = "active", "removed"  # a member
PENDING, APPROVED = "pending", "approved"  # a domain
FREE, ASSIGNED, PARKED = "free", "assigned", "parked"  # a license
HELD, REPEATED = "held", "repeated"  # why somebody on a list is given nothing: they hold it, they stand above
ATOMIC, BEST_EFFORT = "atomic", "best_effort"  # all on a list get a license or nobody; whoever can gets one
UNASSIGNED, MEMBER_REMOVED = "unassigned", "member-removed"  # why an assignment ended
PUBLISHED, RETIRED = "published", "retired"  # a plan
GRACE, SUSPENDED = "grace", "suspended"  # a subscription, and every license it pays for, that is not active
STATUSES = (ACTIVE, GRACE, SUSPENDED)
NONE = "none"  # of whoever holds no license

CONFIRMED, REPLACED, WITHDRAWN = "confirmed", "replaced", "withdrawn"  # how a change of address ended
ADDRESS_CHANGE_LASTS = 24 * 3600 * 1_000_000  # microseconds in which the new address may confirm

SESSION_LASTS = 12 * 3600 * 1_000_000  # microseconds from signing in, however busy
SESSION_USE_NOTED = 300 * 1_000_000  # microseconds between two notes of a session's last use
SESSIONS_KNOWN = 90 * 24 * 3600 * 1_000_000  # microseconds in which the browser of an ended session is known
MOST_SESSIONS = 20  # of a member at the same time
MOST_BROWSERS = 50  # of a member, whose ended sessions are known
BY_LINK, BY_DEMO = "link", "demo"  # how a session began
SIGNED_OUT, ENDED, EVERYWHERE, ADDRESS_CHANGED, RESTORED = (  # why it ended, beside REMOVED and REPLACED
    "signed-out", "ended", "everywhere", "address-changed", "restored",
)  # fmt: skip

UNDO_WINDOW = 30 * 24 * 3600 * 1_000_000  # microseconds
DEVICES_FEATURE, DEVICES_DEFAULT = "devices.max", 3

# Roles and what they allow. ---------------------------------------------------------------------

ADMINISTRATOR, MEMBER = "administrator", "member"
ROLES: dict[str, frozenset[str]] = {
    ADMINISTRATOR: frozenset(
        ("purchase", "billing", "people", "domains", "licenses", "activity:read", "roles", "account:read")
    ),
    "purchaser": frozenset(("purchase", "billing", "account:read")),
    "people-manager": frozenset(("people", "licenses", "account:read")),
    "auditor": frozenset(("activity:read", "account:read")),
    MEMBER: frozenset(("account:read",)),
}


def permissions(roles: Iterable[str]) -> frozenset[str]:
    return frozenset().union(*(ROLES[role] for role in roles))


def privileged(roles: Iterable[str]) -> bool:
    """Whether the roles allow more than being a member does; only who may give roles touches those people,
    or a people manager could take an administrator's place by changing their e-mail address."""
    return set(roles) != {MEMBER}


def need_roles(grants: frozenset[str]) -> None:
    if "roles" not in grants:
        raise Forbidden("permission-missing", "Only who may give roles may do this.", needs=["roles"])


def check_touchable(roles: Iterable[str], grants: frozenset[str]) -> None:
    """Refuse a caller who may not change people with these roles."""
    if privileged(roles):
        need_roles(grants)


# Addresses and domains. -------------------------------------------------------------------------

_DOMAIN = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")
_ATOM = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL_PART = re.compile(rf"(?=.{{1,64}}$){_ATOM}(\.{_ATOM})*")  # mail servers take others only by agreement
_ENCODED_WORD = "=?"  # in headers of a mail it begins other characters than one sees, line breaks as well
# What the older IDNA, which Python speaks, writes as other letters: straße.example would be taken for
# strasse.example here, and be another domain for the mail server, so a sign-in link would go to its owner.
_READ_DIFFERENTLY = frozenset("ßẞς\u200c\u200d")
PUBLIC_MAIL_DOMAINS = frozenset(
    resources.files("entitlements").joinpath("data/public_mail_domains.txt").read_text().split()
)


def domain_name(text: str) -> str:
    """The domain in lower case ASCII (IDNA); ValueError when it is none."""
    try:
        name = text.strip().removesuffix(".").encode("idna").decode().lower()
    except UnicodeError as error:
        raise ValueError(f"{text!r} is no domain") from error
    if not _READ_DIFFERENTLY.isdisjoint(unicodedata.normalize("NFKC", text)):
        raise ValueError(f"{text!r} is not the same domain for everybody; its ASCII form (xn--…) is")
    if not _DOMAIN.fullmatch(name):
        raise ValueError(f"{text!r} is no domain")
    return name


def address(text: str) -> str:
    """The e-mail address in its one spelling, lower case; ValueError when it is none."""
    local, _, domain = text.strip().rpartition("@")
    if not local.isascii() or not _LOCAL_PART.fullmatch(local.lower()) or _ENCODED_WORD in local:
        raise ValueError(f"{text!r} is no e-mail address")
    return f"{local.lower()}@{domain_name(domain)}"


def plain(text: str) -> str:
    """The text as people type it who lack its letters: Łukasz is found as lukasz, Straße as strasse."""
    return anyascii(text).casefold()


def domain_of(email: str) -> str:
    return email.rpartition("@")[2]


# Seats. -----------------------------------------------------------------------------------------


class Seats(NamedTuple):
    """How many licenses are in which state."""

    assigned: int
    free: int
    parked: int

    @property
    def capacity(self) -> int:
        return self.assigned + self.free

    def described(self) -> dict[str, int]:
        return {
            "capacity": self.capacity,
            "assigned": self.assigned,
            "free": self.free,
            "parked": self.parked,
        }


class Holding(NamedTuple):
    """A license in a member's hands; `code` activates it."""

    id: str
    account_id: str
    license_id: str
    member_id: str
    plan: str
    code: str
    activated_at: int | None
    assigned_at: int


class Taker(NamedTuple):
    """A member who is to get a license, and the one of the same family that they hold."""

    id: str
    account_id: str
    email: str
    name: str
    state: str
    held: Holding | None


def check_active(state: str, name: str, member_id: str) -> None:
    if state == REMOVED:
        refuse("member-removed", f"{name} was removed from the account.", member_id=member_id)


# Features and checks. ---------------------------------------------------------------------------


class Verdict(NamedTuple):
    """`reason`: ok, grace, suspended, no-license, feature-not-in-plan or limit-exceeded; `value`: what the plan
    says."""

    allowed: bool
    reason: str
    value: Any


def combined(features: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """What several licenses (of different product families) allow together, given by ascending rank:
    the larger number, the flag that is set, the choice of the highest plan."""
    together: dict[str, Any] = {}
    for one in features:
        for code, value in one.items():
            known, told = together.get(code), value
            if isinstance(known, int) and isinstance(told, int):
                told = max(known, told)
            together[code] = told
    return together


def verdict(status: str, value: Any, amount: int | None) -> Verdict:
    """Whether someone may use a feature (so much of it) whose value in their plans is `value`."""
    if status == NONE:
        return Verdict(False, "no-license", None)
    if status == SUSPENDED:
        return Verdict(False, SUSPENDED, value)
    if not value:
        return Verdict(False, "feature-not-in-plan", value)
    if amount is not None and type(value) is int and amount > value:
        return Verdict(False, "limit-exceeded", value)
    return Verdict(True, GRACE if status == GRACE else "ok", value)


# Activation codes. ------------------------------------------------------------------------------

_SYMBOLS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's 32: none is mistaken for another
_MISREAD = str.maketrans("OIL", "011")
_SYMBOL_OF_BYTE = _SYMBOLS.encode() * 8  # each stands for as many bytes as the others
_CODE_LENGTH = 16  # 80 bits


def new_code() -> str:
    return secrets.token_bytes(_CODE_LENGTH).translate(_SYMBOL_OF_BYTE).decode()


def shown_code(code: str) -> str:
    """In groups of four: 7K3M-…"""
    return "-".join(code[i : i + 4] for i in range(0, len(code), 4))


def typed_code(text: str) -> str:
    """What a person typed, with any case, gaps and the usual misreadings, in the one spelling."""
    code = "".join(c for c in text.upper() if c.isalnum()).translate(_MISREAD)
    if len(code) != _CODE_LENGTH or not code.isascii():
        code_unknown()
    return code


def code_unknown() -> NoReturn:
    refuse("code-unknown", "There is no such activation code.", status=404)


# Guessing. --------------------------------------------------------------------------------------

GUESSES, GUESSES_WINDOW = 10, 60_000_000  # wrong codes that one caller may try, in so many microseconds


def fingerprint(text: str) -> str:
    """Tells texts apart without keeping them."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


# Sending the mail about a license again
REMINDED, NO_LICENSE, REMINDED_RECENTLY = "reminded", "no-license", "reminded-recently"
MOST_REMINDERS = 100  # in one request
REMIND_AFTER = 600 * 1_000_000  # microseconds between two reminders about one license


def dashed(identifier: str) -> str:
    """A UUID of raw SQL as the world writes it; SQLite keeps it without dashes."""
    if "-" in identifier:
        return identifier
    return "-".join((identifier[:8], identifier[8:12], identifier[12:16], identifier[16:20], identifier[20:]))
