"""What people ask."""

from entitlements.queries.accounts import account, domains, sign_ins
from entitlements.queries.activations import activation_of, code_described, devices
from entitlements.queries.addresses import address_change, address_link, read_address_token
from entitlements.queries.checks import check, check_many, entitlements
from entitlements.queries.members import member, members, standing
from entitlements.queries.seats import licenses, parkings, pools
from entitlements.queries.sessions import sessions
from entitlements.queries.snapshot import snapshot
from entitlements.queries.verify import differences

__all__ = [
    "account",
    "activation_of",
    "address_change",
    "address_link",
    "check",
    "check_many",
    "code_described",
    "devices",
    "differences",
    "domains",
    "entitlements",
    "licenses",
    "member",
    "members",
    "parkings",
    "pools",
    "read_address_token",
    "sessions",
    "sign_ins",
    "snapshot",
    "standing",
]
