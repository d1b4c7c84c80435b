"""The tables of accounts and their people."""

from typing import TYPE_CHECKING, Any, NoReturn

import peewee

from entitlements.domain import ACTIVE, APPROVED, PENDING, check_active, permissions, plain
from kit import clock, db
from kit.errors import refuse

if TYPE_CHECKING:
    from entitlements.models.licenses import Assignment


class Account(db.Table):
    """A business; its row is what every command about its people or seats locks first."""

    id = db.Id(primary_key=True, default=clock.new_id)
    name = peewee.TextField()
    locale = peewee.TextField()
    time_zone = peewee.TextField()
    currency = peewee.TextField()
    address = peewee.JSONField()
    opened_at = db.Instant(default=clock.now)
    new_device_mail = peewee.BooleanField(null=True)  # null: as by default, which is on
    first_administrator: "Member"  # in the answer to opening it

    @classmethod
    def locked(cls, account_id: str) -> "Account":
        """The account, locked until commit; refused with 404 when there is none."""
        account: Account | None = db.locked(cls.select().where(cls.id == account_id)).first()
        return account or cls.unknown(account_id)

    @property
    def mails_new_devices(self) -> bool:
        return self.new_device_mail is not False

    @staticmethod
    def unknown(account_id: str) -> NoReturn:
        refuse("account-unknown", "There is no such account.", status=404, account_id=account_id)


class Domain(db.Table):
    """A mail domain that an account named as its own; one account at a time holds an approved one."""

    id = db.Id(primary_key=True, default=clock.new_id)
    account = peewee.ForeignKeyField(Account, column_name="account", index=False)
    domain = peewee.TextField()
    state = peewee.TextField(default=PENDING)
    added_at = db.Instant(default=clock.now)
    approved_at = db.Instant(null=True)
    account_id: str

    class Meta:
        indexes = ((("account", "domain"), True),)


Domain.add_index(
    Domain.index(Domain.domain, unique=True, where=Domain.state == APPROVED, name="domains_approved_once")
)


class AllowedAddress(db.Table):
    """A single address of a public mail domain that an operator let in."""

    account = peewee.ForeignKeyField(Account, column_name="account", index=False)
    email = peewee.TextField()

    class Meta:
        table_name = "allowed_addresses"
        primary_key = peewee.CompositeKey("account", "email")


class Member(db.Table):
    """A person of an account. `known_as` is name and address in plain letters, for searching and
    sorting; `sign_in_counter` goes up by one with each sign-in, so that a link works once."""

    id = db.Id(primary_key=True, default=clock.new_id)
    account = peewee.ForeignKeyField(Account, column_name="account", index=False)
    email = peewee.TextField()
    name = peewee.TextField()
    known_as = peewee.TextField()
    locale = peewee.TextField()
    roles = peewee.JSONField()
    state = peewee.TextField(default=ACTIVE)
    sign_in_counter = peewee.IntegerField(default=0)
    added_at = db.Instant(default=clock.now)
    removed_at = db.Instant(null=True)
    assignment: "Assignment | None"  # the license they hold, when a query attached it
    address_change: "AddressChange | None"  # the open one, when a query attached it
    account_id: str

    def rename(self, name: str, email: str) -> None:
        self.name, self.email = name, email
        self.known_as = self.spelled_plainly

    @property
    def spelled_plainly(self) -> str:
        return f"{plain(self.name)} {self.email}"

    @classmethod
    def of_account(cls, account_id: str, member_id: str) -> "Member":
        """The member; refused with 404 when there is none in the account."""
        member: Member | None = cls.get_or_none(cls.id == member_id, cls.account == account_id)
        return member or cls.unknown(member_id)

    @staticmethod
    def unknown(member_id: str) -> NoReturn:
        refuse("member-unknown", "There is no such member in the account.", status=404, member_id=member_id)

    def check_active(self) -> None:
        check_active(self.state, self.name, self.id)

    @property
    def permissions(self) -> frozenset[str]:
        """What the member's roles allow; a removed member may do nothing."""
        return permissions(self.roles) if self.state == ACTIVE else frozenset()


_ACTIVE_MEMBER = Member.state == ACTIVE
Member.add_index(
    Member.index(Member.email, Member.account, unique=True, where=_ACTIVE_MEMBER, name="members_email_once")
)
Member.add_index(Member.index(Member.account, Member.known_as, Member.id, name="members_listed"))


class AddressChange(db.Table):
    """A request for another e-mail address, open until `ended_at` or `expires_at`."""

    id = db.Id(primary_key=True, default=clock.new_id)
    account = peewee.ForeignKeyField(Account, column_name="account", index=False)
    member = peewee.ForeignKeyField(Member, column_name="member", index=False)
    email = peewee.TextField()
    requested_at = db.Instant()
    expires_at = db.Instant()
    ended_at = db.Instant(null=True)
    outcome = peewee.TextField(null=True)
    account_id: str
    member_id: str

    class Meta:
        table_name = "address_changes"

    @classmethod
    def of_member(cls, member_id: str) -> "AddressChange | None":
        """The open request of the member."""
        pending = cls.ended_at.is_null() & (cls.expires_at > clock.now())
        change: AddressChange | None = cls.get_or_none((cls.member == member_id) & pending)
        return change


class Session(db.Table):
    """A sign-in of a member in one browser, live until `ended_at` or `expires_at`.

    `browser` is the hash of an id that the browser keeps; an ended row tells that it is known.
    """

    id = db.Id(primary_key=True, default=clock.new_id)
    account = peewee.ForeignKeyField(Account, column_name="account", index=False)
    member = peewee.ForeignKeyField(Member, column_name="member", index=True)
    browser = peewee.TextField(null=True)
    device = peewee.TextField(null=True)
    address = peewee.TextField(null=True)
    method = peewee.TextField()
    started_at = db.Instant()
    last_used_at = db.Instant()
    expires_at = db.Instant(index=True)
    ended_at = db.Instant(null=True)
    account_id: str
    member_id: str

    @classmethod
    def live(cls) -> Any:
        """The condition that a session can be used."""
        return cls.ended_at.is_null() & (cls.expires_at > clock.now())


_OPEN = AddressChange.ended_at.is_null()
AddressChange.add_index(
    AddressChange.index(AddressChange.member, unique=True, where=_OPEN, name="address_changes_open")
)
