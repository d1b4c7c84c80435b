"""Routes of accounts."""

from typing import Any

from entitlements import commands, models, queries, schemas
from entitlements.api.blueprint import make
from kit import auth, idempotency

blueprint = make("accounts", "Business accounts")


@blueprint.post("/accounts")
@auth.allow("accounts:write")
@idempotency.once
@blueprint.arguments(schemas.NewAccount)
@blueprint.response(201, schemas.OpenedAccount)
def open_account(opened: dict[str, Any]) -> models.Account:
    """Open an account; the first administrator's mail domain is approved with it."""
    first_administrator = opened.pop("first_administrator")
    account, member = commands.open_account({"address": {}, **opened}, first_administrator)
    account.first_administrator = queries.member(account.id, member.id)
    return account


@blueprint.get("/accounts/<uuid:account_id>")
@auth.allow("account:read", "accounts:write")
@blueprint.response(200, schemas.Account)
def get_account(account_id: str) -> models.Account:
    """The account's details."""
    return queries.account(account_id)


@blueprint.patch("/accounts/<uuid:account_id>")
@auth.allow("billing", "roles")
@blueprint.arguments(schemas.AccountChanges)
@blueprint.response(200, schemas.Account)
def change_account(changes: dict[str, Any], account_id: str) -> models.Account:
    """Change the details that are given; the currency stays. `new_device_mail` needs `roles`."""
    return commands.change_account(account_id, changes, auth.caller().grants)
