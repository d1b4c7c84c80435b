"""Settings of entitlements: those that every service has, and how many sign-in links may be asked for."""

from kit import rates, settings

WINDOW = "15 minutes"
SIGN_IN_LIMITS = {"SIGN_IN_PER_CALLER": "sign-in-per-caller", "SIGN_IN_PER_ADDRESS": "sign-in-per-address"}


def read() -> settings.Settings:
    """SIGN_IN_PER_CALLER (300) and SIGN_IN_PER_ADDRESS (5) count sign-in links in 15 minutes, or are `off`."""
    common = settings.read("entitlements", port=8003, sources=("catalog", "orders"))
    return common._replace(limits={**common.limits, **_sign_in_limits()})


def _sign_in_limits() -> dict[str, rates.Rate]:
    limits = {}
    for variable, name in SIGN_IN_LIMITS.items():
        if text := settings.env.str(variable, ""):
            try:
                limits[name] = rates.read(text if text == rates.OFF else f"{text}/{WINDOW}")
            except ValueError as error:
                raise ValueError(f"{variable} must be a number of links, or {rates.OFF}") from error
    return limits
