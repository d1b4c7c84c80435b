"""What services stand on goes away for a while: database, mail server, the broker's memory."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from urllib.parse import urlsplit

import psycopg2
from aiosmtpd.controller import Controller

from faults.patient import Patient
from local import ports
from local.mailbox import Postman

CLOSE_CHANNELS = (
    '[exit(C, {amqp_error, precondition_failed, "a test", [], none}) || C <- rabbit_channel:list_local()].'
)
CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s"


@contextmanager
def database_away(patient: Patient, service: str) -> Iterator[None]:
    """The PostgreSQL server is down; on SQLite somebody else holds the service's file."""
    if patient.suite.postgres is None:
        path = urlsplit(patient.suite.env_of(service)["DATABASE_URL"]).path[1:]
        with closing(sqlite3.connect(path, timeout=30, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
            other.execute("ROLLBACK")
        return
    postgres(patient, "stop", "fast")
    try:
        yield
    finally:
        postgres(patient, "restart", "fast")


def postgres(patient: Patient, action: str, mode: str) -> None:
    """`restart` starts one that is down, too, with the options that it had."""
    server = patient.suite.postgres
    assert server is not None
    log, data = server.directory / "log", server.directory / "data"
    server._run("pg_ctl", "-D", data, "-w", "-s", "-l", log, "-m", mode, action)


def cut_connections(patient: Patient, process: str) -> int:
    """End the connections of this process and of its children with the database; how many there were."""
    with closing(psycopg2.connect(patient.suite.server_url)) as server, server.cursor() as cursor:
        cursor.execute(CUT, [process])
        return len(cursor.fetchall())


@contextmanager
def mail_server_away(patient: Patient) -> Iterator[None]:
    """Nobody listens there; those who have a connection lose it."""
    mailbox = patient.suite.mailbox
    mailbox.smtp.stop()
    try:
        yield
    finally:
        port = int(mailbox.smtp_url.rpartition(":")[2])
        mailbox.smtp = Controller(Postman(mailbox), hostname=ports.HOST, port=port)
        mailbox.smtp.start()


@contextmanager
def memory_alarm(patient: Patient) -> Iterator[None]:
    """The broker takes nothing from publishers."""
    patient.rabbitmq.ctl("set_vm_memory_high_watermark", "0")
    try:
        yield
    finally:
        patient.rabbitmq.ctl("set_vm_memory_high_watermark", "0.6")


def close_channels(patient: Patient) -> None:
    """As the broker does after an error; the connections stay."""
    patient.rabbitmq.ctl("eval", CLOSE_CHANNELS)
