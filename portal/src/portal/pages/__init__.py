"""The screens, one blueprint each."""

from portal.pages import (
    activate,
    activity,
    checkout,
    devices,
    documents,
    home,
    license,
    licenses,
    orders,
    people,
    products,
    sign_in,
)

BLUEPRINTS = [
    page.blueprint
    for page in (
        activate,
        activity,
        checkout,
        devices,
        documents,
        home,
        license,
        licenses,
        orders,
        people,
        products,
        sign_in,
    )
]
