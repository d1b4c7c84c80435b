"""May this person use that? The hottest question: one prepared statement, no query building."""

from collections import defaultdict
from collections.abc import Iterable
from operator import itemgetter
from typing import Any, NamedTuple, NoReturn

from entitlements import domain
from entitlements.models import JOIN_RESTRICTION, Account, Member, PlanVersion
from entitlements.queries.raw import chosen, parsed
from kit.errors import Refusal, refuse

# A row per license of the member; one with no plan for a member without license, none at all for strangers.
_HELD = f"""
SELECT CAST(m.id AS text), CAST(m.account AS text), v.plan, r.status, CAST(v.features AS text)
FROM members m
LEFT JOIN assignments a ON a.member = m.id AND a.ended_at IS NULL
LEFT JOIN licenses l ON l.id = a.license
LEFT JOIN plan_versions v ON v.plan = l.plan AND v.version = l.version
LEFT JOIN plans p ON p.code = l.plan
{JOIN_RESTRICTION}
WHERE m.id {{}} ORDER BY p.rank, p.code
"""

_REPEATED = "account_id", "member_id", "feature"  # of a question, in its answer in a batch
_repeated, _ANSWER = itemgetter(*_REPEATED), (*_REPEATED, *domain.Verdict._fields)

Question = dict[str, Any]  # account_id, member_id, feature, amount


class Held(NamedTuple):
    """What a member's licenses allow together: those that are not suspended, if there are any. `plan` is the
    highest of them, None without a license, `status` the one of that."""

    account: str
    plan: str | None
    status: str
    features: dict[str, Any]


def check(question: Question) -> domain.Verdict:
    """The verdict; an unknown account, member or feature is refused by its own code."""
    return _verdict(question, _held_by([question["member_id"]]))


def check_many(questions: list[Question]) -> list[dict[str, Any]]:
    """A verdict for each question, in order; its `reason` also names an unknown account, member or feature."""
    held = _held_by({question["member_id"] for question in questions})
    answers = []
    for question in questions:
        try:
            verdict = _verdict(question, held)
        except Refusal as unknown:
            verdict = domain.Verdict(False, unknown.code, None)
        answers.append(dict(zip(_ANSWER, _repeated(question) + verdict)))  # noqa: B905, a fifth of the loop
    return answers


def entitlements(account_id: str, member_id: str) -> dict[str, Any]:
    """What the member may use."""
    held = _held_by([member_id]).get(member_id)
    if held is None or held.account != account_id:
        _refuse_stranger(account_id, member_id)
    return {"plan": held.plan, "status": held.status, "features": held.features}


def _verdict(question: Question, held_by: dict[str, Held]) -> domain.Verdict:
    held, feature = held_by.get(question["member_id"]), question["feature"]
    if held is None or held.account != question["account_id"]:
        _refuse_stranger(question["account_id"], question["member_id"])
    if feature not in held.features:
        _check_known(feature)
    return domain.verdict(held.status, held.features.get(feature), question.get("amount"))


def _held_by(member_ids: Iterable[str]) -> dict[str, Held]:
    rows = defaultdict(list)
    for member, account, plan, restricted, features in chosen(_HELD, list(member_ids)):
        status = restricted or (domain.ACTIVE if plan else domain.NONE)
        rows[domain.dashed(member)].append(Held(domain.dashed(account), plan, status, parsed(features)))
    return {member: _together(licenses) for member, licenses in rows.items()}


def _together(licenses: list[Held]) -> Held:
    if len(licenses) == 1:
        return licenses[0]
    usable = [one for one in licenses if one.status != domain.SUSPENDED] or licenses
    return usable[-1]._replace(features=domain.combined(one.features for one in usable))


def _refuse_stranger(account_id: str, member_id: str) -> NoReturn:
    if not Account.select().where(Account.id == account_id).exists():
        Account.unknown(account_id)
    Member.unknown(member_id)


def _check_known(feature: str) -> None:
    """Any version of any plan may have named it."""
    for version in PlanVersion.select(PlanVersion.features):
        if feature in version.features:
            return
    refuse("feature-unknown", f"There is no feature {feature}.", status=422, feature=feature)
