"""Settings that every process has, read once from the environment (a `.env` file is not read)."""

import os
import secrets
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import environs

from kit import rates, setting_rules
from kit.setting_rules import Rule

env = environs.Env()
_service = "unknown"


class Settings(NamedTuple):
    """BROKER_URL (`none`: the log alone), <SOURCE>_URL of each source followed, SIGNING_KEY_FILE (our own
    private key), PORT, LOOK_EVERY, RELEASE (instead of the package's version). A field with a default is the
    variable of its name: TRUST_DIR (who may say what), TRUSTED_PROXIES (how many before us write
    X-Forwarded-For), METRICS_PORT (where a process serves /metrics; 0: nowhere), REQUEST_TIMEOUT (seconds
    to send a request; a long body has more), CONNECTIONS (most that are open at once) and so on.
    LIMIT_<NAME> replaces the rate of the limit of that name."""

    name: str
    broker_url: str | None
    source_urls: dict[str, str]
    signing_key_file: str
    port: int
    look_every: float
    release: str
    database_url: str = ""
    trust_dir: str = "keys/trust"
    host: str = "127.0.0.1"
    threads: int = 4
    log_level: str = "INFO"
    stop_after: float = 3600.0
    trusted_proxies: int = 0
    metrics_port: int = 0
    request_timeout: float = 10.0
    connections: int = 500
    limits: Mapping[str, rates.Rate] = MappingProxyType({})


def service_name() -> str:
    return _service


def name_service(name: str) -> None:
    """Every process speaks for exactly one service; events and logs carry its name."""
    global _service
    _service = name


def variable(name: str) -> str:
    """How a unit is written in the names of settings: secure-messages → SECURE_MESSAGES."""
    return name.upper().replace("-", "_")


def read(
    name: str, *, port: int, sources: tuple[str, ...] = (), own: Mapping[str, Rule] = MappingProxyType({})
) -> Settings:
    """The common settings of the service `name`; ValueError names one that is missing or breaks its rule.

    `own`: the rules of settings that the service reads besides.
    """
    name_service(name)
    addresses = {f"{variable(source)}_URL": setting_rules.HTTP for source in sources}
    setting_rules.check(os.environ, {**setting_rules.COMMON, **addresses, **own})
    broker_url = env.str("BROKER_URL", "none")
    defaults = Settings._field_defaults.items()
    chosen = {
        field: getattr(env, type(usual).__name__)(field.upper(), usual)
        for field, usual in defaults
        if field != "limits"
    }
    return Settings(
        name=name,
        broker_url=None if broker_url == "none" else broker_url,
        source_urls={source: env.str(f"{variable(source)}_URL") for source in sources},
        signing_key_file=env.str("SIGNING_KEY_FILE", f"keys/{name}.json"),
        port=env.int("PORT", port),
        look_every=env.float("LOOK_EVERY", 0.5 if broker_url == "none" else 3.0),
        release=env.str("RELEASE", "") or metadata.version(f"seatwise-{name}"),
        limits=rates.settings(os.environ),
        **chosen,
    )


def secret(path: Path) -> str:
    """The key in the file, which whoever starts first writes: linking a finished file into place is atomic."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(48))
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().split()[0]


def secret_keys(path: Path) -> list[str]:
    """Return the keys of the file, one a line: the first one signs, all are believed."""
    secret(path)
    return path.read_text().split()


def sandbox() -> str:
    """Return SANDBOX: true, false, or the word that allows it in production."""
    return env.str("SANDBOX", "true").lower()
