"""The lease is held by one worker, and by nobody once its time is over."""

from kit import lease
from kit.lease import Lease


def test_a_lease_whose_time_is_over_is_not_held_any_more(database):
    assert lease.take()
    assert lease.held()

    Lease.update(expires_at=1).execute()

    assert not lease.held()
