"""What product managers do: publish a version of a plan, retire a plan."""

from typing import Any

import peewee

from catalog import domain, events
from catalog.models import Plan, PlanVersion
from kit import clock, db, outbox
from kit.errors import not_found, refuse


def publish_plan(code: str, rank: int, content: dict[str, Any]) -> PlanVersion:
    """Publish the next version of a plan; the same content again changes nothing."""
    domain.check_features(content["features"])
    domain.check_prices(content["prices"])
    try:
        with db.atomic():
            return _publish(code, rank, content)
    except peewee.IntegrityError:  # only the table sees what else is published at this moment
        refuse("rank-taken", f"Another plan has rank {rank}.", rank=rank)


def _publish(code: str, rank: int, content: dict[str, Any]) -> PlanVersion:
    new = Plan.insert(code=code, rank=rank, version=0)
    new.on_conflict(conflict_target=[Plan.code], update={Plan.code: code}).execute()  # which locks it
    plan = Plan.get_by_id(code)
    current = PlanVersion.get_or_none(plan=code, version=plan.version)
    same = (plan.rank, plan.status) == (rank, domain.PUBLISHED)
    if same and current is not None and current.content == content:
        return current
    plan.rank, plan.version, plan.status = rank, plan.version + 1, domain.PUBLISHED
    plan.save()
    version = PlanVersion.create(plan=code, version=plan.version, content=content, published_at=clock.now())
    outbox.add(events.plan_published(plan, version))
    return version


def retire_plan(code: str, successor: str | None) -> Plan:
    """Stop selling a plan to those who do not hold it; holders move to the successor at renewal."""
    with db.atomic():
        plan = Plan.locked(code) or not_found("plan")
        if successor is not None and not Plan.select().where(Plan.code == successor).exists():
            refuse("successor-unknown", f"There is no plan {successor}.", status=422)
        if plan.status == domain.RETIRED:
            refuse("plan-retired", f"{code} is retired already.")
        plan.status, plan.successor = domain.RETIRED, successor
        plan.save()
        outbox.add(events.plan_retired(plan))
        return plan
