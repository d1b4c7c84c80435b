"""JSON in and out of entitlements: one module for each of the routes' modules."""

from entitlements.schemas.accounts import Account, AccountChanges, NewAccount, OpenedAccount
from entitlements.schemas.activations import (
    Activation,
    ActivationCode,
    CodeDescribed,
    DevicesQuery,
    KeySet,
    KnownDevice,
    NewActivation,
    NewDevice,
)
from entitlements.schemas.checks import (
    LONGEST_BATCH,
    Answers,
    Entitlements,
    Question,
    Questions,
    Snapshot,
    SnapshotQuery,
    Verdict,
)
from entitlements.schemas.domains import Domain, NewDomain
from entitlements.schemas.members import Member, MemberChanges, MembersQuery, NewMember
from entitlements.schemas.seats import (
    Assignment,
    BulkAssignment,
    License,
    LicensesQuery,
    NewAssignment,
    NewBulkAssignment,
    NewParking,
    Parking,
    Pool,
)
from entitlements.schemas.sign_ins import LinkUse, Memberships, NewSignIn, SignedIn

__all__ = [
    "LONGEST_BATCH",
    "Account",
    "AccountChanges",
    "Activation",
    "ActivationCode",
    "Answers",
    "Assignment",
    "BulkAssignment",
    "CodeDescribed",
    "DevicesQuery",
    "Domain",
    "Entitlements",
    "KeySet",
    "KnownDevice",
    "License",
    "LicensesQuery",
    "LinkUse",
    "Member",
    "MemberChanges",
    "MembersQuery",
    "Memberships",
    "NewAccount",
    "NewActivation",
    "NewAssignment",
    "NewBulkAssignment",
    "NewDevice",
    "NewDomain",
    "NewMember",
    "NewParking",
    "NewSignIn",
    "OpenedAccount",
    "Parking",
    "Pool",
    "Question",
    "Questions",
    "SignedIn",
    "Snapshot",
    "SnapshotQuery",
    "Verdict",
]
