"""Links that confirm a new e-mail address."""

from entitlements import domain
from entitlements.models import Account, AddressChange, Member
from kit import auth, clock
from kit.errors import Unauthorized, not_found, refuse

AUDIENCE = "address-change"  # of the link's token, which entitlements signs for itself


def address_link(account_id: str, member_id: str, signer: auth.Signer) -> dict[str, str]:
    """Return the open request of the member and its token, which is made now and stored nowhere."""
    change = AddressChange.of_member(member_id)
    if change is None or change.account_id != account_id:
        not_found("address change", member_id=member_id)
    lasts = max(1, (change.expires_at - clock.now()) // clock.SECOND)
    return {"change_id": change.id, "token": signer.token(change.id, aud=AUDIENCE, lasts=lasts)}


def read_address_token(token: str, signer: auth.Signer, verifier: auth.Verifier) -> str:
    """Return the id of the request that the token confirms; only our own signature counts."""
    try:
        claims = verifier.claims(token, audience=AUDIENCE)
    except Unauthorized:
        claims = {"iss": None}
    if claims["iss"] != signer.issuer:
        refuse("link-expired", "The link does not work any more.", status=410)
    return str(claims["sub"])


def address_change(change_id: str) -> AddressChange:
    """Return the open request with its account and member, for the page that confirms it."""
    is_open = AddressChange.ended_at.is_null() & (AddressChange.expires_at > clock.now())
    change: AddressChange | None = (
        AddressChange.select(AddressChange, Account, Member)
        .join_from(AddressChange, Account)
        .join_from(AddressChange, Member)
        .where((AddressChange.id == change_id) & is_open & (Member.state == domain.ACTIVE))
        .first()
    )
    return change or refuse("link-expired", "The link does not work any more.", status=410)
