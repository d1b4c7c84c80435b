"""What people do: one function = one verb = one transaction, which begins by locking the account's row."""

from entitlements.commands.accounts import change_account, open_account
from entitlements.commands.activations import (
    Activated,
    activate_device,
    activate_license,
    release_device,
    release_devices,
)
from entitlements.commands.addresses import (
    cancel_address_change,
    confirm_address_change,
    renew_address_change,
)
from entitlements.commands.assignments import assign_license, assign_licenses, unassign_license
from entitlements.commands.domains import add_domain, approve_domain, remove_domain
from entitlements.commands.guesses import forget_guesses, limit_guesses
from entitlements.commands.members import add_member, change_member, remove_member
from entitlements.commands.parkings import park_seats, unpark_seats
from entitlements.commands.refusals import (
    note_limited_sign_ins,
    note_refused_permission,
    note_refused_sign_in,
)
from entitlements.commands.reminders import send_reminders
from entitlements.commands.restores import retell_account
from entitlements.commands.restrictions import note_status, undo_statuses
from entitlements.commands.sessions import (
    Browser,
    end_session,
    end_sessions,
    forget_sessions,
    sign_out,
    start_demo_session,
    use_session,
)
from entitlements.commands.sign_ins import use_sign_in_link

__all__ = [
    "Activated",
    "Browser",
    "activate_device",
    "activate_license",
    "add_domain",
    "add_member",
    "approve_domain",
    "assign_license",
    "assign_licenses",
    "cancel_address_change",
    "change_account",
    "change_member",
    "confirm_address_change",
    "end_session",
    "end_sessions",
    "forget_guesses",
    "forget_sessions",
    "limit_guesses",
    "note_limited_sign_ins",
    "note_refused_permission",
    "note_refused_sign_in",
    "note_status",
    "open_account",
    "park_seats",
    "release_device",
    "release_devices",
    "remove_domain",
    "remove_member",
    "renew_address_change",
    "retell_account",
    "send_reminders",
    "sign_out",
    "start_demo_session",
    "unassign_license",
    "undo_statuses",
    "unpark_seats",
    "use_session",
    "use_sign_in_link",
]
