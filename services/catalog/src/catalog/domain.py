"""Plans in words and rules: ranked, versioned, priced per currency and interval."""

from typing import Any, NoReturn

from kit.errors import refuse

PUBLISHED, RETIRED = "published", "retired"
INTERVALS = ("month", "year")
LANGUAGES = ("en", "fr")

LARGEST_NUMBER = 10**9

# What a plan may grant. A flag is true or false, a number counts or measures, a choice is one of a few words.
FEATURES: dict[str, type] = {
    "attachments.max_mb": int,
    "signatures.max_signers": int,
    "retrieval": bool,
    "own_address": bool,
    "devices.max": int,
}


def check_features(features: dict[str, Any]) -> None:
    """Every plan answers for every feature, so a check never has to guess."""
    for code, kind in FEATURES.items():
        if type(features.get(code)) is not kind:
            _refuse_field("feature-invalid", f"features.{code}", f"Must be given as {kind.__name__}.")
        if not 0 <= features[code] <= LARGEST_NUMBER:
            _refuse_field("feature-invalid", f"features.{code}", f"Must be between 0 and {LARGEST_NUMBER}.")
    for code in features.keys() - FEATURES.keys():
        _refuse_field("feature-unknown", f"features.{code}", "There is no such feature.")


def check_prices(prices: list[dict[str, Any]]) -> None:
    """One price per currency and interval, at least one in all."""
    offered = [(price["currency"], price["interval"]) for price in prices]
    if not offered or len(offered) != len(set(offered)):
        rule = "Give one price per currency and interval, at least one."
        _refuse_field("prices-ambiguous", "prices", rule)


def _refuse_field(code: str, field: str, rule: str) -> NoReturn:
    refuse(code, f"{field}: {rule}", status=422, errors=[{"field": field, "rule": rule}])
