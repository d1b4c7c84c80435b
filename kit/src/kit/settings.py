"""Settings that every process has, read once from the environment (a `.env` file is not read)."""

from importlib import metadata
from typing import NamedTuple

import environs

env = environs.Env()
_service = "unknown"


class Settings(NamedTuple):
    """DATABASE_URL, BROKER_URL (`none`: the log alone), <SOURCE>_URL of each source followed,
    TRUST_DIR (who may say what), SIGNING_KEY_FILE (our own private key), HOST, PORT, LOG_LEVEL,
    TRUSTED_PROXIES (how many before us write X-Forwarded-For), RELEASE (instead of the package's version),
    METRICS_PORT (where the worker serves its own /metrics; 0: nowhere)."""

    name: str
    database_url: str
    broker_url: str | None
    source_urls: dict[str, str]
    trust_dir: str
    signing_key_file: str
    host: str
    port: int
    threads: int
    log_level: str
    look_every: float
    stop_after: float
    trusted_proxies: int
    metrics_port: int
    release: str


def service_name() -> str:
    return _service


def name_service(name: str) -> None:
    """Every process speaks for exactly one service; events and logs carry its name."""
    global _service
    _service = name


def read(name: str, *, port: int, sources: tuple[str, ...] = ()) -> Settings:
    """The common settings of the service `name`; unset or broken ones are named, all at once."""
    name_service(name)
    broker_url = env.str("BROKER_URL", "none")
    return Settings(
        name=name,
        database_url=env.str("DATABASE_URL", ""),
        broker_url=None if broker_url == "none" else broker_url,
        source_urls={source: env.str(f"{source.upper()}_URL") for source in sources},
        trust_dir=env.str("TRUST_DIR", "keys/trust"),
        signing_key_file=env.str("SIGNING_KEY_FILE", f"keys/{name}.json"),
        host=env.str("HOST", "127.0.0.1"),
        port=env.int("PORT", port),
        threads=env.int("THREADS", 4),
        log_level=env.str("LOG_LEVEL", "INFO"),
        look_every=env.float("LOOK_EVERY", 0.5 if broker_url == "none" else 3.0),
        stop_after=env.float("STOP_AFTER", 3600.0),
        trusted_proxies=env.int("TRUSTED_PROXIES", 0),
        metrics_port=env.int("METRICS_PORT", 0),
        release=env.str("RELEASE", "") or metadata.version(f"seatwise-{name}"),
    )
