"""The help article through containers; one unit redeployed beside the others; nobody holds a right to spare."""

import re
from typing import cast
from urllib.parse import urlsplit

import httpx
import pytest

from compose import credentials
from journeys.people import PATIENCE, Office, code_in
from local import ports
from local.suite import SERVICES, Suite

from .stack import UNITS

pytestmark = pytest.mark.slow

ONCE = {"databases", *(f"{service}-migrate" for service in SERVICES)}
STAY = {*(f"{service}-{role}" for service in SERVICES for role in ("web", "worker")), "portal-web"}
SERVERS = {"postgres", "rabbitmq", "mailbox", "proxy"}


@pytest.fixture
def office(stack):
    return Office(cast(Suite, stack))


def test_who_buys_hands_over_and_activates_may_use_the_product(office):
    order = office.buys("pro", 2)
    assert office.awaits_licenses(order)["total"] == 2 * 1875
    zoe = office.hires("Zoe Park")
    assert office.may_use(zoe, "retrieval")["reason"] == "no-license"

    assignment = office.assigns(zoe, "pro")
    assert office.pool("pro") == {"capacity": 2, "assigned": 1, "free": 1, "parked": 0}
    [mail] = office.mails_to(zoe)
    assert mail["subject"] == "Your Pro license is ready"
    assert f"{office.suite.urls['portal']}/activate/" in mail["text"]

    activated = office.activates(code_in(mail))
    assert activated["license_id"] == assignment["license_id"]
    assert office.may_use(zoe, "attachments.max_mb", 2_000)["allowed"]


def test_who_asks_the_portal_gets_a_link_by_mail_that_leads_back_to_it(stack, office):
    with httpx.Client(base_url=stack.urls["portal"], follow_redirects=True, timeout=PATIENCE) as browser:
        form = browser.get("/sign-in").text
        [token] = set(re.findall(r'name="csrf_token" value="([^"]+)"', form))
        sent = browser.post("/sign-in", data={"csrf_token": token, "email": office.ada["email"]})

    assert sent.url.path == "/sign-in/sent"
    [mail] = office.mails_to(office.ada)
    assert f"{stack.urls['portal']}/sign-in/link/" in mail["text"]


def test_people_reach_the_portal_through_the_proxy_and_nothing_of_the_operators(stack):
    url = stack.urls["proxy"].replace("http:", "https:")
    with httpx.Client(base_url=url, verify=False, timeout=PATIENCE) as outside:
        page = outside.get("/sign-in")
        inner = [outside.get(path).status_code for path in ("/metrics", "/livez", "/readyz", "/readyz/")]

    assert page.status_code == 200
    assert page.headers["Strict-Transport-Security"]
    assert page.headers["X-Request-Id"]
    assert inner == [404] * 4


def test_the_demo_account_is_made_once_and_its_people_sign_in_with_one_click(stack):
    made = [stack.command("compose.demo").strip() for _ in range(2)]
    stack.up("portal-web", DEMO_ACCOUNT=made[0])
    page = httpx.get(f"{stack.urls['portal']}/sign-in", timeout=PATIENCE).text
    stack.up("portal-web")

    assert made[0] == made[1]
    assert 'action="/sign-in/demo"' in page


def test_first_migrations_then_services_and_all_of_them_run_or_are_done(stack):
    states = {name: one["State"] for name, one in stack.begun.items()}

    assert set(states) == ONCE | STAY | SERVERS
    assert {name: states[name]["ExitCode"] for name in ONCE} == dict.fromkeys(ONCE, 0)
    assert {states[name]["Health"]["Status"] for name in STAY | SERVERS} == {"healthy"}
    for service in SERVICES:
        assert states[f"{service}-migrate"]["FinishedAt"] <= states[f"{service}-web"]["StartedAt"]


def test_every_container_is_confined(stack):
    for name, one in stack.containers().items():
        host = one["HostConfig"]
        assert host["ReadonlyRootfs"], name
        assert host["CapDrop"] == ["ALL"], name
        assert host["SecurityOpt"] == ["no-new-privileges:true"], name
        assert 0 < host["Memory"] <= 512 * 2**20, name
        assert one["Config"]["User"] not in ("", "root", "0"), name
        assert not any(mount["Destination"] == "/var/run/docker.sock" for mount in one["Mounts"]), name


def test_what_is_published_is_published_on_loopback_alone(stack):
    published = {
        (name, binding["HostIp"])
        for name, one in stack.containers().items()
        for bindings in (one["HostConfig"]["PortBindings"] or {}).values()
        for binding in bindings
    }

    assert published == {(f"{unit}-web", ports.HOST) for unit in UNITS if unit != "mailbox"} | {
        ("mailbox", ports.HOST),
        ("proxy", ports.HOST),
    }


def test_web_and_worker_are_in_the_database_as_the_role_that_changes_rows_alone(stack, office):
    office.awaits_licenses(office.buys("eco", 1))
    remote = "FROM pg_stat_activity WHERE client_addr IS NOT NULL"
    seen = stack.psql("postgres", f"SELECT DISTINCT datname || '=' || usename {remote}")

    assert set(seen) == {f"{service}={service}_app" for service in SERVICES}


def test_the_broker_knows_the_services_alone(stack):
    assert {line.split()[0] for line in stack.broker("list_users").splitlines()} == set(SERVICES)


def test_a_secret_is_in_no_container_but_those_that_need_it(stack):
    as_whom = {"migrate": "owner", "web": "app", "worker": "app"}
    for name, one in stack.containers().items():
        unit, _, process = name.partition("-")
        environment = dict(entry.split("=", 1) for entry in one["Config"]["Env"])
        user = urlsplit(environment.get("DATABASE_URL", "")).username
        assert user == (f"{unit}_{as_whom[process]}" if unit in SERVICES else None), name
        assert ("BROKER_URL" in environment) == (unit in SERVICES and process == "worker"), name
        assert ("PGPASSWORD" in environment) == (name == "databases"), name
        keys = [mount["Source"] for mount in one["Mounts"] if mount["Destination"].endswith("/signing-key")]
        assert keys == [str(stack.keys / f"{unit}.json") for _ in keys], name
        assert len(keys) == (process in ("web", "worker")), name


def test_one_unit_is_redeployed_beside_the_others_and_nothing_is_lost(stack, office):
    order = office.orders("advanced", 3)
    before = {name: one["Id"] for name, one in stack.containers().items()}
    stack.engine.docker("tag", "seatwise/orders", "seatwise/orders:next")
    stack.compose("run", "--rm", "--no-deps", "--no-TTY", "orders-migrate", ORDERS_RELEASE="next")
    stack.up("orders-web", "orders-worker", ORDERS_RELEASE="next")

    after = stack.containers()
    changed = {name for name, one in after.items() if one["Id"] != before[name]}
    assert changed == {"orders-web", "orders-worker"}
    assert after["orders-web"]["Config"]["Image"] == "seatwise/orders:next"
    assert office.pays(order)["status"] == "paid"
    office.awaits_licenses(order)
    assert office.pool("advanced")["capacity"] == 3


def test_without_the_broker_the_seats_still_come_and_with_it_everything_goes_on(stack, office):
    stack.compose("kill", "rabbitmq")
    office.awaits_licenses(office.buys("eco", 1))
    stack.up("rabbitmq")
    office.awaits_licenses(office.buys("eco", 1))


def test_a_role_with_a_new_password_goes_on(stack, office):
    before = {name: one["Id"] for name, one in stack.containers().items()}
    (stack.secrets / "passwords" / "postgres-catalog-app").unlink()
    credentials.make(stack.secrets)
    stack.up()

    changed = {name for name, one in stack.containers().items() if one["Id"] != before[name]}
    assert {"catalog-web", "catalog-worker"} <= changed
    assert not changed & {"entitlements-web", "notifier-web", "postgres", "rabbitmq"}
    assert httpx.get(f"{stack.urls['catalog']}/readyz", timeout=PATIENCE).status_code == 200


def test_told_to_stop_web_and_worker_end_in_order(stack):
    processes = ("notifier-web", "notifier-worker")
    stack.compose("stop", *processes)
    codes = [stack.containers()[name]["State"]["ExitCode"] for name in processes]
    stack.up(*processes)

    assert codes == [0, 0]
