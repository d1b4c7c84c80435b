"""The screens, one blueprint each."""

from portal.pages import (
    activate,
    activity,
    addresses,
    checkout,
    devices,
    documents,
    home,
    license,
    licenses,
    orders,
    people,
    products,
    settings,
    sign_in,
)

BLUEPRINTS = [
    page.blueprint
    for page in (
        activate,
        activity,
        addresses,
        checkout,
        devices,
        documents,
        home,
        license,
        licenses,
        orders,
        people,
        products,
        settings,
        sign_in,
    )
]
