"""Broken: a consumer that tries a failing event again and again and lets everything behind it wait."""

import time

from kit import cursors


def take(self, events, *, fresh: bool) -> None:
    for event in sorted(events, key=lambda event: event[:3]):
        while True:
            try:
                self._apply_together([event])
                break
            except Exception:
                time.sleep(0.2)


cursors.Reader.take = take
cursors.Reader.take_page = lambda self, _, events: self.take(events, fresh=False)
