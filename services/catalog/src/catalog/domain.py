"""Plans in words and rules: ranked, versioned, priced per currency and interval."""

from typing import Any

from kit.errors import refuse

PUBLISHED, RETIRED = "published", "retired"
INTERVALS = ("month", "year")
LANGUAGES = ("en", "fr")

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
            refuse("feature-invalid", f"{code} must be given as {kind.__name__}.", status=422, feature=code)
    for code in features.keys() - FEATURES.keys():
        refuse("feature-unknown", f"There is no feature {code}.", status=422, feature=code)


def check_prices(prices: list[dict[str, Any]]) -> None:
    """One price per currency and interval, at least one in all."""
    offered = [(price["currency"], price["interval"]) for price in prices]
    if not offered or len(offered) != len(set(offered)):
        refuse("prices-ambiguous", "Give one price per currency and interval, at least one.", status=422)
