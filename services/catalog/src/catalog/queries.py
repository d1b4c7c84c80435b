"""What people ask: which plans there are, and one of them."""

from typing import Any

from catalog import domain
from catalog.models import Plan, PlanVersion
from kit.errors import not_found


def _current() -> Any:
    return Plan.select(Plan, PlanVersion).join(
        PlanVersion, on=(PlanVersion.plan == Plan.code) & (PlanVersion.version == Plan.version), attr="current"
    )


def _described(plan: Any) -> dict[str, Any]:
    known = {"code": plan.code, "rank": plan.rank, "status": plan.status, "version": plan.version}
    return {**plan.current.content, **known}


def plans() -> list[dict[str, Any]]:
    """The plans that are sold, by rank."""
    chosen = _current().where(Plan.status == domain.PUBLISHED).order_by(Plan.rank)
    return [_described(plan) for plan in chosen]


def plan(code: str) -> dict[str, Any]:
    """One plan at its current version, retired or not."""
    return _described(_current().where(Plan.code == code).first() or not_found("plan", plan=code))
