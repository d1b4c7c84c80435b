"""Texts that several bodies take: names, e-mail addresses, locales."""

import unicodedata
from typing import Any

from marshmallow import ValidationError, fields, validate

from entitlements import domain
from kit import schema


class Name(schema.Text):
    """One line of text, without the blanks around it."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        name = super()._deserialize(value, attr, data, **kwargs)
        if any(unicodedata.category(character) in ("Cc", "Zl", "Zp") for character in name):
            raise ValidationError("Contains a control character.")
        return name.strip()


class Email(Name):
    """An e-mail address in its one spelling."""

    def __init__(self, *, required: bool = True) -> None:
        described = {"format": "email", "examples": ["ada@acme.example"]}
        super().__init__(longest=254, required=required, metadata=described)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        try:
            return domain.address(super()._deserialize(value, attr, data, **kwargs))
        except ValueError as error:
            raise ValidationError("Not an e-mail address.") from error


def locale(**kwargs: Any) -> fields.String:
    return fields.String(validate=validate.OneOf(domain.LOCALES), **kwargs)
