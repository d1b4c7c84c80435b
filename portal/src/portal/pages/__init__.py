"""The screens, one blueprint each."""

from portal.pages import (
    account,
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
        account,
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
