"""Every text that people read, in both languages, from words.json."""

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from importlib import resources
from typing import Any

from babel.dates import format_date, format_datetime

from kit.clock import EPOCH

LOCALES = {"en": "en_CA", "fr": "fr_CA"}
WORDS: dict[str, dict[str, str]] = json.loads(
    resources.files("secure_messages").joinpath("words.json").read_text()
)
PLANS = {"eco": {"fr": "Éco"}, "advanced": {"fr": "Avancé"}}


def speaker(language: str) -> Callable[..., str]:
    """say("key", name=…) in the language."""

    def say(key: str, **values: Any) -> str:
        return WORDS[key][language].format(**values)

    return say


def refusal(language: str, code: str, facts: Mapping[str, Any]) -> str:
    """What was refused, in words, with what the plan says about it."""
    key = next((key for key in (f"{code} {facts.get('feature')}", code) if key in WORDS), "refused")
    plan = facts.get("plan") or ""
    named = PLANS.get(plan, {}).get(language, plan.capitalize())
    return speaker(language)(key, **{**facts, "plan": named})


def day(instant: int, language: str) -> str:
    return format_date(EPOCH + timedelta(microseconds=instant), format="long", locale=LOCALES[language])


def moment(instant: int, language: str) -> str:
    when = EPOCH + timedelta(microseconds=instant)
    return format_datetime(when, format="medium", locale=LOCALES[language]) + " UTC"


def size(count: int, language: str) -> str:
    """How large a file is, as people say it."""
    units = ("B", "kB", "MB", "GB") if language == "en" else ("o", "ko", "Mo", "Go")
    amount, unit = float(count), 0
    while amount >= 1024 and unit < len(units) - 1:
        amount, unit = amount / 1024, unit + 1
    text = f"{amount:.0f}" if unit == 0 or amount >= 10 else f"{amount:.1f}"
    return f"{text if language == 'en' else text.replace('.', ',')}\N{NO-BREAK SPACE}{units[unit]}"
