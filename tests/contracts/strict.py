"""Runs schemathesis over a service in process: what it tried, what was answered, what it found wrong."""

import json
from collections import defaultdict
from collections.abc import Callable
from typing import Any, NamedTuple

import schemathesis
from architecture.worlds import World
from contracts.familiar import Familiar
from flask import Flask
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema
from schemathesis.transport.wsgi import WSGITransport

from kit import auth

# A rule of the business may refuse what the contract allows, as when no seat is free: 409, 410, 412 or 422
# with the rule's own code. `what_the_contract_allows_is_not_called_invalid` looks at that code.
REFUSED_BY_A_RULE = ["2xx", "3xx", "404", "409", "410", "412", "422"]
LIST = r"[^}]$"  # DELETE empties it; it is still there, and may say what was in it


FORM = {"invalid-fields", "broken-json", "not-json", "idempotency-key-invalid"}


class Failure(NamedTuple):
    """One check that did not hold, and how to see it again."""

    check: str
    operation: str
    what: str
    request: str

    def __str__(self) -> str:
        return f"{self.check}: {self.operation}: {self.what}\n    {self.request}"


class Findings(NamedTuple):
    """`answered`: operation → the statuses it answered with; `broken`: what kept the trial from going on."""

    failures: list[Failure]
    answered: dict[str, set[int]]
    broken: list[str]

    def refused_always(self) -> set[str]:
        """The operations that never succeeded."""
        return {label for label, statuses in self.answered.items() if min(statuses) >= 300}


# Said of a field, and no JSON Schema can say it.
BEYOND_JSON_SCHEMA = {
    "Each plan may stand in one line only.",
    "Not a time zone of the IANA database, e.g. America/Toronto.",
    "Contains a character that is not text (NUL or a lone surrogate).",
}


@schemathesis.check
def what_the_contract_allows_is_not_called_invalid(ctx: Any, response: Any, case: Any) -> None:
    """A request that the contract allows may be refused by a rule, never as badly formed."""
    positive = case.meta is None or case.meta.generation.mode.is_positive
    if positive and response.status_code in (400, 413, 415, 422):
        problem = json.loads(response.text)
        rules = {error["rule"] for error in problem.get("errors", ())}
        assert rules <= BEYOND_JSON_SCHEMA or problem["code"] not in FORM, response.text


def configuration(world: World, examples: int) -> SchemathesisConfig:
    return SchemathesisConfig.from_dict(
        {
            "seed": 1,
            "continue-on-failure": True,
            "generation": {"max-examples": examples, "deterministic": True, "database": "none"},
            "parameters": {"path.account_id": world.account},  # another one is 403, see tests/architecture
            "checks": {"positive_data_acceptance": {"expected-statuses": REFUSED_BY_A_RULE}},
            "operations": [{"include-path-regex": LIST, "checks": {"use_after_free": {"enabled": False}}}],
        }
    )


def trial(app: Flask, world: World, examples: int) -> Findings:
    """All phases: examples, coverage of each constraint, fuzzing, sequences that reuse what was answered."""
    schema = schemathesis.openapi.from_wsgi("/openapi.json", app, config=configuration(world, examples))

    @schema.auth(refresh_interval=None)  # each operation asks for its own grants
    class Tokens:
        def get(self, case: Any, context: Any) -> dict[str, str]:
            return world.headers(auth.Access(frozenset(context.operation.definition.raw.get("x-grants", ()))))

        def set(self, case: Any, data: dict[str, str], context: Any) -> None:
            case.headers.update(data)

    found = Findings([], defaultdict(set), [])
    with Familiar().watching():
        for event in from_schema(schema).execute():
            if isinstance(event, events.ScenarioFinished):
                _note(event.recorder, found)
            elif isinstance(event, (events.NonFatalError, events.FatalError)):
                found.broken.append(repr(getattr(event, "value", None) or getattr(event, "exception", None)))
    return found


def _note(recorder: Any, found: Findings) -> None:
    for id_, interaction in recorder.interactions.items():
        if interaction.response is not None and id_ in recorder.cases:
            case = recorder.cases[id_].value
            if case.method == case.operation.method.upper():  # not a try of another method
                found.answered[case.operation.label].add(interaction.response.status_code)
    for checks in recorder.checks.values():
        for check in checks:
            if check.failure_info is not None:
                failure = check.failure_info.failure
                what = f"{failure.title}: {failure.message}"[:500]
                found.failures.append(
                    Failure(check.name, failure.operation, what, check.failure_info.code_sample[:2000])
                )


def in_process(send: Callable[..., Any]) -> Callable[..., Any]:
    """schemathesis 4.32 hands settings of a network session to the application when it repeats a request."""

    def sending(self: WSGITransport, case: Any, **given: Any) -> Any:
        for name in ("max_redirects", "verify", "cert", "proxies"):
            given.pop(name, None)
        return send(self, case, **given)

    return sending
