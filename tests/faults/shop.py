"""An office with licenses to hand out to somebody, and nothing under way."""

from faults import checker
from faults.patient import Patient
from journeys.people import Office


class Shop(Office):
    def __init__(self, patient: Patient):
        super().__init__(patient.suite)
        self.buys("eco", 5)
        self.person = self.hires("Person")
        assert checker.until_whole(patient.suite, self, stays=0) == []


def kinds(found: list[checker.Finding]) -> set[str]:
    return {finding.kind for finding in found}
