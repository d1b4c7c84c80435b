"""The API of entitlements: one account's people and licenses, and what is asked without an account."""

from contextlib import suppress
from typing import Any

from kit.paths import Path
from portal.clients.http import Api, Json, Problem, path_to


class Entitlements:
    """People, pools and licenses of one account."""

    def __init__(self, api: Api, account: str):
        self.api = api
        self._account = account

    def at(self, *segments: str) -> Path:
        return path_to("accounts", self._account, *segments)

    def account(self) -> Json:
        return self.api.get(self.at())

    def members(self, **filters: Any) -> Json:
        """?q= &state= &plan= &cursor= &limit="""
        return self.api.get(self.at("members"), **filters)

    def member(self, member_id: str) -> Json:
        return self.api.get(self.at("members", member_id))

    def add_member(self, person: Json, key: str) -> Json:
        return self.api.post(self.at("members"), person, key=key)

    def change_member(self, member_id: str, changes: Json) -> Json:
        return self.api.patch(self.at("members", member_id), changes)

    def remove_member(self, member_id: str) -> None:
        self.api.delete(self.at("members", member_id))

    def renew_address_change(self, member_id: str) -> Json:
        """Send another link to the new address that has not confirmed yet."""
        return self.api.post(self.at("members", member_id, "address-change"), {})

    def cancel_address_change(self, member_id: str) -> None:
        self.api.delete(self.at("members", member_id, "address-change"))

    def change_account(self, changes: Json) -> Json:
        return self.api.patch(self.at(), changes)

    def domains(self) -> list[Json]:
        found: list[Json] = self.api.get(self.at("domains"))["items"]
        return found

    def pools(self) -> dict[str, Json]:
        """Pools by plan."""
        return {pool["plan"]: pool for pool in self.api.get(self.at("pools"))["items"]}

    def licenses(self, **filters: Any) -> Json:
        return self.api.get(self.at("licenses"), **filters)

    def assign(self, member_id: str, plan: str) -> Json:
        return self.api.post(self.at("assignments"), {"member_id": member_id, "plan": plan})

    def unassign(self, assignment_id: str) -> None:
        self.api.delete(self.at("assignments", assignment_id))

    def park(self, plan: str, interval: str, seats: int, key: str) -> Json:
        body = {"plan": plan, "interval": interval, "seats": seats}
        return self.api.post(self.at("parkings"), body, key=key)

    def parkings(self) -> list[Json]:
        found: list[Json] = self.api.get(self.at("parkings"))["items"]
        return found

    def unpark(self, parking_id: str) -> None:
        self.api.delete(self.at("parkings", parking_id))

    def devices(self, member_id: str) -> list[Json]:
        """Those in use, then those that were released."""
        found: list[Json] = self.api.get(self.at("members", member_id, "devices"))["items"]
        return found

    def let_in(self, member_id: str, plan: str, device: Json) -> Json:
        """Activate the member's license on the device {id, name}, also on a released one."""
        return self.api.post(self.at("members", member_id, "devices"), {"plan": plan, "device": device})

    def release(self, member_id: str, device_id: str) -> None:
        self.api.delete(self.at("members", member_id, "devices", device_id))

    def sessions(self, member_id: str) -> list[Json]:
        """Where the member is signed in, the last used first."""
        items: list[Json] = self.api.get(self.at("members", member_id, "sessions"))["items"]
        return items

    def end_session(self, member_id: str, session_id: str) -> None:
        self.api.delete(self.at("members", member_id, "sessions", session_id))

    def end_sessions(self, member_id: str) -> None:
        self.api.delete(self.at("members", member_id, "sessions"))

    def remind(self, members: list[str] | None, key: str) -> list[Json]:
        """Send the mail about the license again, to these or to those who have not activated."""
        body = {} if members is None else {"members": members}
        found: list[Json] = self.api.post(self.at("reminders"), body, key)["items"]
        return found

    def release_all(self, member_id: str) -> None:
        self.api.delete(self.at("members", member_id, "devices"))


class Door:
    """What people may do before we know who they are: sign in, activate."""

    def __init__(self, api: Api):
        self.api = api

    def sign_ins(self, email: str) -> list[Json]:
        """Everybody with that address, in every account; empty for unknown addresses."""
        found: list[Json] = self.api.post(path_to("sign-ins"), {"email": email})["items"]
        return found

    def use(self, member_id: str, counter: int, browser: Json) -> Json:
        """Start a session by the link with that counter; 409 `link-used` the second time."""
        return self.api.post(path_to("sign-ins", member_id, "uses"), {"counter": counter, **browser})

    def start_demo_session(self, account: str, member_id: str, browser: Json) -> Json:
        return self.api.post(path_to("accounts", account, "members", member_id, "sessions"), browser)

    def read_session(self, session_id: str) -> Json:
        """Return who is signed in and their account; 410 `session-ended` when they are no longer."""
        return self.api.post(path_to("sessions", session_id, "readings"), {})

    def sign_out(self, session_id: str) -> None:
        self.api.delete(path_to("sessions", session_id))

    def read_address_link(self, token: str) -> Json:
        """Return whose new address the link confirms; 410 `link-expired` when it no longer works."""
        return self.api.post(path_to("address-changes", "readings"), {"token": token})

    def confirm_address(self, token: str) -> Json:
        """Make the new address the member's own; 409 `link-used` the second time."""
        return self.api.post(path_to("address-changes", "confirmations"), {"token": token})

    def note_refusal(self, member_id: str, kind: str, **facts: Any) -> None:
        """Have the account's activity log say what was refused; best effort, since the refusal stands."""
        with suppress(Problem):
            self.api.post(path_to("refusals"), {"member_id": member_id, "kind": kind, **facts})

    def activation(self, code: str) -> Json:
        return self.api.get(path_to("activation-codes", code))

    def activate(self, code: str, device_id: str, device_name: str) -> Json:
        body = {"code": code, "device": {"id": device_id, "name": device_name}}
        return self.api.post(path_to("activations"), body)
