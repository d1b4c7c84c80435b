"""Names as people search for them, in rows that an earlier release wrote in its own way."""

from entitlements.models import Member
from kit import db


class Respelling:
    """Write `known_as` of all members as this release spells it, some rows at a time, once a process."""

    def __init__(self) -> None:
        self.last: str | None = None  # the id up to which all is done
        self.done = False

    def respell_names(self) -> bool:
        """Respell the next rows; whether there are more. Who is renamed meanwhile keeps the new name."""
        if self.done:
            return False
        rest = Member.select(Member.id, Member.name, Member.email, Member.known_as).order_by(Member.id)
        if self.last is not None:
            rest = rest.where(Member.id > self.last)
        rows = list(rest.limit(db.ROWS_AT_ONCE))
        differing = [row for row in rows if row.known_as != row.spelled_plainly]
        if differing:
            with db.atomic():
                for row in differing:
                    unchanged = (Member.id == row.id) & (Member.known_as == row.known_as)
                    Member.update(known_as=row.spelled_plainly).where(unchanged).execute()
        self.done = len(rows) < db.ROWS_AT_ONCE
        if rows:
            self.last = rows[-1].id
        return not self.done
