"""What is reported is measured as in the fault matrix."""

from faults.conftest import figure  # noqa: F401
