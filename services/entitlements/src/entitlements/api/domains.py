"""Routes of approved domains."""

from typing import Any

from entitlements import commands, domain, models, queries, schemas
from entitlements.api.blueprint import make
from kit import auth, idempotency, schema
from kit.errors import not_found

blueprint = make("domains", "Mail domains from which people may be added")


@blueprint.get("/accounts/<uuid:account_id>/domains")
@auth.allow("domains")
@blueprint.response(200, schema.page_of(schemas.Domain))
def list_domains(account_id: str) -> dict[str, Any]:
    """The account's domains, approved or not."""
    return {"items": queries.domains(account_id), "next": None}


@blueprint.post("/accounts/<uuid:account_id>/domains")
@auth.allow("domains")
@idempotency.once
@blueprint.arguments(schemas.NewDomain)
@blueprint.response(201, schemas.Domain)
def add_domain(named: dict[str, Any], account_id: str) -> models.Domain:
    """Name a domain as the account's own; people of it can be added once it is approved."""
    return commands.add_domain(account_id, named["domain"])


@blueprint.post("/accounts/<uuid:account_id>/domains/<name>/approval")
@auth.allow("accounts:write")
@idempotency.once
@blueprint.response(201, schemas.Domain)
def approve_domain(account_id: str, name: str) -> models.Domain:
    """An operator's word that the domain is the account's."""
    return commands.approve_domain(account_id, _spelled(name))


@blueprint.delete("/accounts/<uuid:account_id>/domains/<name>")
@auth.allow("domains")
@blueprint.response(204)
def remove_domain(account_id: str, name: str) -> None:
    """Nobody new comes from the domain; who is there stays."""
    commands.remove_domain(account_id, _spelled(name))


def _spelled(name: str) -> str:
    try:
        return domain.domain_name(name)
    except ValueError:
        not_found("domain", domain=name)
