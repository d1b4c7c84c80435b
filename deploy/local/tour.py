"""make tour: walk the help article through the running suite, over the APIs, and tell each step.

Without a running suite it starts one in a directory of its own and ends it afterwards.
"""

import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from local import processes, running, suite, tokens
from local.narrator import Narrator, money

PATIENCE = 20  # seconds for what one step sets in motion
PLAN, SEATS, INTERVAL = "advanced", 2, "month"
DECLINED, PAYS = "4000000000000002", "4242424242424242"
SOURCES = ("entitlements", "orders", "notifier")


class StepFailed(Exception):
    """The text says what was expected and what came."""


class Walk:
    """One walk through one account: calls with the right token, and what they set in motion."""

    def __init__(self, directory: Path, narrator: Narrator):
        known = running.described(directory) or {}
        if "account_id" not in known:
            raise StepFailed("The running suite has no demo account (it was started with --no-demo).")
        self.narrator = narrator
        self.account: str = known["account_id"]
        self.urls: dict[str, str] = known["urls"]
        self.buyer: dict[str, Any] = known["members"][0]
        self.http = httpx.Client(timeout=10)
        self.keys = directory / "keys"
        self.administrator = tokens.for_role(self.keys, self.account, member=self.buyer["id"])
        self.called_at = 0.0
        self.heads = {source: sum(1 for _ in self._events(source, 0)) for source in SOURCES}
        self.mails = {mail["id"] for mail in self._mails()}
        self.person: dict[str, Any] = {}

    def call(
        self, service: str, method: str, path: str, body: Any = None, *, scopes: str = "", public: bool = False
    ) -> dict[str, Any]:
        """Call as the administrator, with an operator's or a service's scopes, or as nobody; tell it."""
        token = tokens.for_scopes(self.keys, scopes) if scopes else self.administrator
        headers = {} if public else {"Authorization": f"Bearer {token}"}
        url = self.urls[service] + path.replace("{a}", self.account)
        self.called_at = time.monotonic()
        answer = self.http.request(method, url, json=body, headers=headers)
        self.narrator.call(service, method, path, body, answer.status_code)
        if answer.is_error:
            raise StepFailed(f"{method} {url} answered {answer.status_code}: {answer.text.strip()}")
        found: dict[str, Any] = (
            answer.json() if "json" in answer.headers["content-type"] else {"text": answer.text}
        )
        return found

    def await_events(self, *types: str) -> None:
        """Tell the events of the account as they come, until these were among them."""
        missing = list(types)
        while missing:
            for source in SOURCES:
                for event in self._events(source, self.heads[source]):
                    self.heads[source] = int(event["sequence"])
                    self.narrator.event(event, time.monotonic() - self.called_at)
                    if event["type"] in missing:
                        missing.remove(event["type"])
            self._rest(f"the event {' and '.join(missing)}")

    def await_mail(self, address: str) -> dict[str, Any]:
        """The new mail to the address."""
        while True:
            for mail in self._mails():
                if mail["id"] not in self.mails and mail["to"] == address:
                    self.mails.add(mail["id"])
                    self.narrator.mail(mail)
                    return mail
            self._rest(f"a mail to {address}")

    def await_that(self, what: str, find: Callable[[], Any]) -> Any:
        """What `find` returns once it is true."""
        while not (found := find()):
            self._rest(what)
        return found

    def _rest(self, what: str) -> None:
        if time.monotonic() > self.called_at + PATIENCE:
            raise StepFailed(f"Nothing came within {PATIENCE} s: {what}.")
        time.sleep(0.03)

    def _events(self, source: str, after: int) -> Iterator[dict[str, Any]]:
        headers = {"Authorization": f"Bearer {tokens.for_scopes(self.keys, 'events:read')}"}
        while True:
            query: dict[str, str | int] = {"subject": self.account, "after": after, "limit": 500}
            answer = self.http.get(f"{self.urls[source]}/v1/events", params=query, headers=headers)
            items = answer.raise_for_status().json()["items"]
            yield from items
            if len(items) < 500:
                return
            after = int(items[-1]["sequence"])

    def _mails(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (
            self.http.get(f"{self.urls['mailbox']}/messages").raise_for_status().json()
        )
        return found


def sign_in(walk: Walk) -> None:
    """{buyer} signs in to the online portal: it mails a link, which is good once"""
    found = walk.call("entitlements", "POST", "/v1/sign-ins", {"email": walk.buyer["email"]}, scopes="sign-in")
    membership = next(item for item in found["items"] if item["account_id"] == walk.account)
    used = {"counter": membership["counter"]}
    walk.call("entitlements", "POST", f"/v1/sign-ins/{membership['member_id']}/uses", used, scopes="sign-in")
    walk.narrator.answer(f"{membership['name']}, of {membership['account_name']}")


def see_packages(walk: Walk) -> None:
    """Options → Management of licenses and Purchases: the packages are displayed, each with its document"""
    for offer in walk.call("orders", "GET", "/v1/accounts/{a}/offers")["items"]:
        price = next(price for price in offer["prices"] if price["interval"] == INTERVAL)
        cost = money(price["unit_amount"], price["currency"])
        walk.narrator.answer(f"{offer['name']['en']}: {cost} a person and {INTERVAL}. {offer['summary']['en']}")
    document = walk.call("catalog", "GET", f"/v1/plans/{PLAN}/documents/en", public=True)
    title = re.search(r"<h1[^>]*>(.*?)</h1>", document["text"], re.DOTALL)
    walk.narrator.answer(f"a page with the heading “{title[1].strip() if title else '?'}”")


def fill_cart(walk: Walk) -> None:
    """Select the plan, choose the number, Add: it appears in the summary below"""
    for order in walk.call("orders", "GET", "/v1/accounts/{a}/orders")["items"]:
        if order["status"] in ("awaiting_payment", "requires_action"):
            walk.narrator.answer(f"order {order['number']} was never paid: it is given up, to begin anew")
            walk.call("orders", "POST", f"/v1/accounts/{{a}}/orders/{order['id']}/cancellation")
            walk.await_events("order.canceled")
    wanted = {"interval": INTERVAL, "lines": [{"plan": PLAN, "seats": SEATS}]}
    cart = walk.call("orders", "PUT", "/v1/accounts/{a}/cart", wanted)
    walk.narrator.answer(", ".join(f"{line['seats']} × {line['plan']}" for line in cart["lines"]))


def buy(walk: Walk) -> None:
    """Proceed to checkout: a confirmation pop-up with the amount → confirm → Pay"""
    quote = walk.call("orders", "POST", "/v1/accounts/{a}/quotes", {})
    due, later = money(quote["total"], quote["currency"]), money(quote["at_renewal"], quote["currency"])
    walk.narrator.answer(f"due now {due}, at renewal {later}")
    order = walk.call("orders", "POST", "/v1/accounts/{a}/orders", {"quote_id": quote["id"]})
    walk.await_events("order.placed")
    path = f"/v1/accounts/{{a}}/orders/{order['id']}"
    refused = walk.call("orders", "POST", f"{path}/payment", {"provider": "sandbox", "card": DECLINED})
    walk.narrator.answer(
        f"{refused['status']}: {refused['reason']}; the order stays, another card may be tried"
    )
    walk.await_events("order.declined")
    paid = walk.call("orders", "POST", f"{path}/payment", {"provider": "sandbox", "card": PAYS})
    if paid["status"] != "paid":
        raise StepFailed(f"The payment is {paid['status']} ({paid['reason']}), not paid.")
    walk.narrator.answer("paid; the licenses are made by another service, which hears of it")
    walk.await_events("order.paid", "license.issued", "order.fulfilled", "notice.sent")
    walk.await_mail(walk.buyer["email"])
    done = walk.call("orders", "GET", path)
    walk.narrator.answer(f"order {done['number']} is {done['status']}")


def find_person(walk: Walk) -> None:
    """User Management: find the user"""
    people = walk.call("entitlements", "GET", "/v1/accounts/{a}/members?plan=none&limit=500")["items"]
    chosen = next((person for person in people if person["roles"] == ["member"]), None)
    if chosen is None:
        number, domain = int(time.time()), walk.buyer["email"].rpartition("@")[2]
        guest = {"email": f"guest-{number}@{domain}", "name": f"Guest {number}", "locale": "fr"}
        chosen = walk.call("entitlements", "POST", "/v1/accounts/{a}/members", guest)
        walk.await_events("member.added")
    walk.person = chosen
    walk.narrator.answer(f"{chosen['name']} <{chosen['email']}> has no license yet")


def hand_over(walk: Walk) -> None:
    """License icon at the end of the row → select the purchased plan → Save"""
    pools = walk.await_that("free licenses", lambda: _free(walk))
    walk.narrator.answer(f"{pools['free']} of {pools['capacity']} are free")
    wanted = {"member_id": walk.person["id"], "plan": PLAN}
    walk.call("entitlements", "POST", "/v1/accounts/{a}/assignments", wanted)
    walk.await_events("license.assigned", "notice.sent")


def _free(walk: Walk) -> dict[str, Any] | None:
    pools = walk.call("entitlements", "GET", "/v1/accounts/{a}/pools")["items"]
    return next((pool for pool in pools if pool["plan"] == PLAN and pool["free"]), None)


def read_mail(walk: Walk) -> None:
    """The user receives a confirmation e-mail, installs the product and activates it"""
    mail = walk.await_mail(walk.person["email"])
    link = re.search(
        rf"{re.escape(walk.urls['portal'])}/\S*?([0-9A-Z]{{4}}(?:-[0-9A-Z]{{4}}){{3}})", mail["text"]
    )
    if link is None:
        raise StepFailed("The mail has no activation link.")
    device = {"code": link[1], "device": {"id": f"tour-{walk.person['id']}", "name": "Tour laptop"}}
    activated = walk.call("entitlements", "POST", "/v1/activations", device, public=True)
    walk.narrator.answer(f"activated; the token {activated['token'][:12]}… is checked without a network")
    walk.await_events("license.activated")


def obey(walk: Walk) -> None:
    """From now on the product asks and is told what the user may do"""
    asked = {"account_id": walk.account, "member_id": walk.person["id"]}
    for feature, amount in (("attachments.max_mb", 80), ("attachments.max_mb", 800)):
        question = {**asked, "feature": feature, "amount": amount}
        verdict = walk.call("entitlements", "POST", "/v1/checks", question, scopes="entitlements:read")
        walk.narrator.answer(
            f"{'yes' if verdict['allowed'] else 'no'}: {verdict['reason']}, the plan says {verdict['value']}"
        )


def look_back(walk: Walk) -> None:
    """View the log: who did what"""

    def activity() -> list[dict[str, Any]] | None:
        found = walk.call("notifier", "GET", "/v1/accounts/{a}/activity?limit=8")["items"]
        return found if any(item["type"] == "license.activated" for item in found) else None

    for item in walk.await_that("the activity log", activity):
        walk.narrator.answer(f"{item['time'][11:19]}  {item['summary']}")


STEPS = (sign_in, see_packages, fill_cart, buy, find_person, hand_over, read_mail, obey, look_back)


def walk_through(directory: Path, narrator: Narrator) -> None:
    walk = Walk(directory, narrator)
    narrator.plain(f"{{a}} is the account {walk.account}")
    for service in suite.SERVICES:
        narrator.plain(f"{service} is {walk.urls[service]}")
    for step in STEPS:
        narrator.step((step.__doc__ or "").format(buyer=walk.buyer["name"]))
        step(walk)


@contextmanager
def running_suite(narrator: Narrator) -> Iterator[Path]:
    """The directory of the suite that runs here, or of one that runs for as long as the tour."""
    if running.suite():
        yield running.HOME
        return
    narrator.plain("No suite runs here (make run), so one is started for the tour.")
    with tempfile.TemporaryDirectory(prefix="seatwise-tour-") as directory:
        own = suite.Suite(
            Path(directory), broker=suite.broker_here(narrator.plain), demo=True, say=narrator.plain
        )
        try:
            own.start()
            yield own.directory
        finally:
            own.stop()


def main() -> int:
    narrator = Narrator()
    began = time.monotonic()
    try:
        with running_suite(narrator) as directory:
            walk_through(directory, narrator)
    except KeyboardInterrupt:
        return 130
    except (StepFailed, processes.StartFailed, running.AlreadyRunning, httpx.HTTPError) as problem:
        where = f"Step {narrator.step_number} failed: " if narrator.step_number else ""
        narrator.failed(f"{where}{problem}")
        return 1
    narrator.done(f"The whole article in {time.monotonic() - began:.1f} s.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
