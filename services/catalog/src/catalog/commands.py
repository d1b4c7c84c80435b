"""What product managers do: publish a version of a plan, retire a plan."""

from typing import Any

from catalog import domain, events
from catalog.models import Plan, PlanVersion
from kit import clock, db, outbox
from kit.errors import not_found, refuse


def publish_plan(code: str, rank: int, content: dict[str, Any]) -> PlanVersion:
    """Publish the next version of a plan; the same content again changes nothing."""
    domain.check_features(content["features"])
    domain.check_prices(content["prices"])
    with db.atomic():
        if Plan.select().where((Plan.rank == rank) & (Plan.code != code)).exists():
            refuse("rank-taken", f"Another plan has rank {rank}.", rank=rank)
        Plan.insert(code=code, rank=rank, version=0).on_conflict_ignore().execute()
        plan = Plan.locked(code) or not_found("plan")
        current = PlanVersion.get_or_none(plan=code, version=plan.version)
        if current is not None and (current.content, plan.rank, plan.status) == (
            content,
            rank,
            domain.PUBLISHED,
        ):
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
