"""Texts that several bodies take: names, e-mail addresses, locales."""

import re
from typing import Any

from marshmallow import ValidationError, fields, validate

from entitlements import domain
from kit import schema

CONTROL = r"\x00-\x1f\x7f-\x9f\u2028\u2029"
ONE_LINE = rf"^[^{CONTROL}]*[^\s{CONTROL}][^{CONTROL}]*$"  # as contracts say it; to match takes n² steps


class Name(schema.Text):
    """One line of text, without the blanks around it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "metadata": {"pattern": ONE_LINE, **kwargs.get("metadata", {})}})

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        name = super()._deserialize(value, attr, data, **kwargs)
        if not name.strip() or re.search(f"[{CONTROL}]", name):
            raise ValidationError("Blank, or contains a control character.")
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
