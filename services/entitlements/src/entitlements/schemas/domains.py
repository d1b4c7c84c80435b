"""Mail domains of an account."""

from typing import Any

from marshmallow import Schema as Answer
from marshmallow import ValidationError, fields

from entitlements import domain
from entitlements.schemas.texts import Name
from kit import schema


class DomainName(Name):
    """A mail domain in its one spelling."""

    def __init__(self) -> None:
        described = {"format": "hostname", "examples": ["acme.example"]}
        super().__init__(longest=253, required=True, metadata=described)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        try:
            return domain.domain_name(super()._deserialize(value, attr, data, **kwargs))
        except ValueError as error:
            raise ValidationError("Not a domain like example.com.") from error


class NewDomain(schema.Body):
    domain = DomainName()


class Domain(Answer):
    domain = fields.String()
    state = fields.String(metadata={"enum": ["pending", "approved"]})
    added_at = schema.Instant()
    approved_at = schema.Instant(allow_none=True)
