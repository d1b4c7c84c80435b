"""Codes that somebody tried and that do not exist: a few are typing errors, many are guessing."""

from collections.abc import Iterator
from contextlib import contextmanager

from entitlements import domain
from entitlements.models import Guess
from kit import addresses, clock, context, db
from kit.errors import Refusal, refuse


@contextmanager
def limit_guesses(code: str) -> Iterator[None]:
    """Around everything that tells whether a code exists: whoever tried too many that do not has to wait until
    the first of them is a minute old. The same wrong code again is one code: a forgotten installation that asks
    every second is no guess, and takes no place from others behind its address."""
    code = domain.fingerprint(domain.typed_code(code))
    caller = domain.fingerprint(addresses.network(context.current().address))
    now = clock.now()
    lately = (Guess.caller == caller) & (Guess.tried_at > now - domain.GUESSES_WINDOW)
    tried = list(Guess.select().where(lately).order_by(Guess.tried_at))
    if len(tried) >= domain.GUESSES:
        wait = -(-(tried[-domain.GUESSES].tried_at + domain.GUESSES_WINDOW - now) // clock.SECOND)
        refuse("too-many-guesses", f"Try again in {wait} seconds.", status=429, retry_after=wait)
    try:
        yield
    except Refusal as refusal:
        if refusal.code == "code-unknown" and code not in {guess.code for guess in tried}:
            _note(caller, code)
        raise


def _note(caller: str, code: str) -> None:
    """In a transaction of its own: the refusal that follows undoes nothing."""
    again = {Guess.tried_at: clock.now()}
    with db.atomic():
        noted = Guess.insert(caller=caller, code=code, tried_at=clock.now())
        noted.on_conflict(conflict_target=[Guess.caller, Guess.code], update=again).execute()


def forget_guesses() -> None:
    """A job: what is older than the window counts no more."""
    with db.atomic():
        Guess.delete().where(Guess.tried_at <= clock.now() - domain.GUESSES_WINDOW).execute()
