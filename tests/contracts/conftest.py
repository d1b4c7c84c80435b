"""The services with a little in them, as the tests of the building have them."""

from architecture.conftest import app, package, world  # noqa: F401
