"""What the catalog announces; the subject of its streams is the plan."""

from catalog.models import Plan, PlanVersion
from kit.outbox import Event


def plan_published(plan: Plan, version: PlanVersion) -> Event:
    data = {"plan": plan.code, "rank": plan.rank, "version": version.version, **version.content}
    return Event("plan.published", plan.code, data)


def plan_retired(plan: Plan) -> Event:
    return Event("plan.retired", plan.code, {"plan": plan.code, "successor": plan.successor})
