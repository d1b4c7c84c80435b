"""The few ways in which work can be declined.

Refusal             a rule said no; the caller is told which (problem+json)
├── Unauthorized    we do not know who is asking
└── Forbidden       we know, and they may not
NotYet              a handler needs a fact that another source has not told yet
"""

from typing import Any, NoReturn


class Refusal(Exception):
    """A rule said no. `code` is the kebab-case name of the rule and never changes; the fact `retry_after`
    says after how many seconds it may be tried again."""

    status = 409

    def __init__(self, code: str, detail: str = "", status: int | None = None, **facts: Any):
        super().__init__(detail or code)
        self.code = code
        self.detail = detail or code.replace("-", " ")
        self.status = status or self.status
        self.facts = facts

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the answer that the refusal becomes."""
        return {"Retry-After": str(self.facts["retry_after"])} if "retry_after" in self.facts else {}


class Unauthorized(Refusal):
    status = 401


class Forbidden(Refusal):
    status = 403


class NotYet(Exception):
    """The event stays where it is until `source` has told what is missing."""

    def __init__(self, source: str, missing: str):
        super().__init__(f"waits for {source}: {missing}")


def refuse(code: str, detail: str = "", status: int | None = None, **facts: Any) -> NoReturn:
    """Decline by the rule named `code`; usable as `find(...) or refuse("no-such-thing")`."""
    raise Refusal(code, detail, status, **facts)


def not_found(what: str, **facts: Any) -> NoReturn:
    raise Refusal("not-found", f"There is no such {what}.", status=404, **facts)
