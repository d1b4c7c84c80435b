"""python -m compose.credentials: the keys and passwords that compose.yaml hands to its containers.

They stand in the directory SECRETS, or beside this file. What is there stays, what is missing is made: when the
file of a password is removed, it becomes a new one.
"""

import json
import os
import secrets
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from local import keys
from rabbitmq.definitions import FOLLOWED, definitions

HERE = Path(__file__).parent
DIRECTORY = Path(os.environ.get("SECRETS") or HERE / "secrets")
ISSUERS = HERE.parent / "issuers.json"
ROLES = ("owner", "app", "read")


def make(directory: Path) -> None:
    """Only its owner gets into the directory. What is in it all may read: a container sees single files of
    it, as a user of its own."""
    directory.mkdir(parents=True, exist_ok=True)
    directory.chmod(0o700)
    (directory / ".gitignore").write_text("*\n")
    keys.write(json.loads(ISSUERS.read_text()), directory / "keys")
    _password(directory / "passwords" / "portal-cookies")
    _postgresql(directory)
    _rabbitmq(directory)
    _certificate(directory / "tls")
    for path in directory.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)


def _postgresql(directory: Path) -> None:
    """postgres.sql makes the roles; <service>-<role>.env tells a container which one it is."""
    administrator = _password(directory / "passwords" / "postgres")
    (directory / "postgres.env").write_text(f"PGPASSWORD={administrator}\n")
    statements = []
    for service in FOLLOWED:
        statements.append(f"\\set service {service}")
        for role in ROLES:
            password = _password(directory / "passwords" / f"postgres-{service}-{role}")
            statements.append(f"\\set {role}_password {password}")
            url = f"postgresql://{service}_{role}:{password}@postgres/{service}"
            (directory / f"{service}-{role}.env").write_text(f"DATABASE_URL={url}\n")
        statements.append("\\include /etc/seatwise/roles.sql")
    (directory / "postgres.sql").write_text("\n".join(statements) + "\n")


def _rabbitmq(directory: Path) -> None:
    passwords = {service: _password(directory / "passwords" / f"rabbitmq-{service}") for service in FOLLOWED}
    (directory / "rabbitmq.json").write_text(json.dumps(definitions(passwords), indent=1) + "\n")
    for service, password in passwords.items():
        url = f"amqp://{service}:{password}@rabbitmq/%2F"
        (directory / f"{service}-broker.env").write_text(f"BROKER_URL={url}\n")


def _certificate(directory: Path) -> None:
    """Make a self-signed certificate for this machine, unless there is one; replace both files by real ones."""
    certificate, secret = directory / "certificate.pem", directory / "key.pem"
    if certificate.exists() and secret.exists():
        return
    directory.mkdir(exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    names = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    secret.write_bytes(key.private_bytes(pem, form, serialization.NoEncryption()))
    certificate.write_bytes(made.public_bytes(pem))


def _password(path: Path) -> str:
    """Of letters and digits: it stands in URLs and SQL."""
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        path.write_text(secrets.token_hex(24))
    return path.read_text()


if __name__ == "__main__":
    make(DIRECTORY)
