"""Whether a version can be deployed is answered from records, with every reason in a sentence."""

import copy

import pytest

from releases import judge, shapes
from releases.records import UNITS
from releases.steps import Applied, Step

PAY = "POST /v1/accounts/{}/orders/{}/payment"
PARKING = "POST /v1/accounts/{}/parkings"
ACTIVATION = "GET /v1/accounts/{}/licenses/{}/activation"


@pytest.fixture
def there(latest):
    """An environment where the last release of every unit runs."""
    return {unit: [latest[unit]] for unit in UNITS}


@pytest.fixture
def made(latest):
    """made("orders", "1.4.0") is like the last release, to be changed at will."""

    def make(unit, version="1.4.0", **fields):
        return copy.deepcopy(latest[unit])._replace(version=version, **fields)

    return make


def paid(release):
    return release.announces["order.paid"]["data"]


@pytest.mark.parametrize("unit", UNITS)
def test_the_last_releases_can_run_beside_each_other_and_first_of_all(there, latest, unit):
    assert judge.reasons(latest[unit], there) == []
    assert judge.reasons(latest[unit], {}) == []


def test_a_producer_may_tell_more(made, there):
    orders = made("orders")
    paid(orders)["properties"]["channel"] = {"type": ["string"]}
    orders.announces["order.reminded"] = {"must": False, "data": {"type": ["object"]}}

    assert judge.reasons(orders, there) == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda data: data["properties"].pop("term"), "term is not there"),
        (lambda data: data["required"].remove("term"), "term may be missing"),
        (
            lambda data: data["properties"]["lines"]["items"]["properties"].update(seats={"type": ["string"]}),
            "lines[].seats may be string, expected is integer",
        ),
        (
            lambda data: data["properties"]["interval"].update(type=["string", "null"]),
            "interval may be null, expected is string",
        ),
        (
            lambda data: data["properties"]["order_id"].pop("format"),
            "order_id is no longer promised to have the format uuid",
        ),
    ],
)
def test_a_producer_may_not_tell_less_than_a_reader_there_needs(made, there, change, reason):
    orders = made("orders")
    change(paid(orders))

    assert f"entitlements 0.1.0 cannot read order.paid of orders 1.4.0: {reason}" in judge.reasons(
        orders, there
    )


def test_a_list_of_anything_is_no_list_of_what_a_reader_there_needs(made, there):
    orders = made("orders")
    del paid(orders)["properties"]["lines"]["items"]

    assert (
        "entitlements 0.1.0 cannot read order.paid of orders 1.4.0: lines[] may be anything, expected is object"
        in judge.reasons(orders, there)
    )


def test_what_no_reader_there_needs_may_go(made, there):
    orders = made("orders")
    paid(orders)["properties"].pop("payment")
    paid(orders)["required"].remove("payment")

    assert judge.reasons(orders, there) == []


def test_a_type_that_is_read_may_not_go(made, there):
    orders = made("orders")
    del orders.announces["order.paid"]

    assert judge.reasons(orders, there) == [
        "entitlements 0.1.0 waits for order.paid, which orders 1.4.0 no longer announces",
        "notifier 0.1.0 waits for order.paid, which orders 1.4.0 no longer announces",
    ]


def test_a_type_that_readers_must_understand_waits_until_they_do(made, there):
    orders = made("orders")
    orders.announces["order.split"] = {"must": True, "data": {"type": ["object"]}}

    assert judge.reasons(orders, there) == [  # the notifier takes every type
        "entitlements 0.1.0 does not understand order.split of orders 1.4.0, which its readers must"
    ]
    there["entitlements"].append(made("entitlements", "0.2.0"))
    there["entitlements"][-1].reads["orders"]["order.split"] = shapes.ANYTHING
    assert judge.reasons(orders, there) == []


def test_a_reader_may_not_need_what_any_version_that_was_there_has_not_told(made, there):
    entitlements = made("entitlements")
    view = entitlements.reads["orders"]["order.paid"]
    view["properties"]["channel"] = {"type": ["string"]}
    assert judge.reasons(entitlements, there) == []

    view["required"].append("channel")
    there["orders"].append(made("orders", "0.2.0"))
    paid(there["orders"][-1])["properties"]["channel"] = {"type": ["string"]}
    paid(there["orders"][-1])["required"].append("channel")

    assert judge.reasons(entitlements, there) == [
        "entitlements 1.4.0 cannot read order.paid of orders 0.1.0: channel is not there"
    ]


def test_a_route_that_is_called_there_stays(made, there):
    orders, entitlements = made("orders"), made("entitlements")
    del orders.serves[PAY]
    del entitlements.serves[ACTIVATION]

    assert judge.reasons(orders, there) == [f"portal 0.1.0 calls {PAY}, which orders 1.4.0 does not serve"]
    assert judge.reasons(entitlements, there) == [
        f"notifier 0.1.0 calls {ACTIVATION}, which entitlements 1.4.0 does not serve"
    ]


def test_a_log_that_is_read_there_stays(made, there):
    catalog = made("catalog")
    del catalog.serves["GET /v1/events"]

    assert [reason.partition(" ")[0] for reason in judge.reasons(catalog, there)] == [
        "orders",
        "entitlements",
        "notifier",
    ]


def test_a_route_that_nobody_there_calls_may_go(made, there):
    orders = made("orders")
    del orders.serves["GET /v1/streams"]
    there["entitlements"] = there["notifier"] = []

    assert judge.reasons(orders, there) == []


def test_a_service_accepts_what_its_callers_there_send(made, there):
    orders = made("orders")
    orders.serves[PAY]["takes"]["properties"]["coupon"] = {"type": ["string"]}
    assert judge.reasons(orders, there) == []

    orders.serves[PAY]["takes"]["required"].append("coupon")
    del orders.serves[PAY]["takes"]["properties"]["card"]
    assert judge.reasons(orders, there) == [
        f"orders 1.4.0 refuses portal 0.1.0 at {PAY}: coupon is not there",
        f"orders 1.4.0 refuses portal 0.1.0 at {PAY}: card is not known",
    ]


def test_a_service_accepts_every_value_that_its_callers_there_may_send(made, there):
    orders = made("orders")
    cart = orders.serves["PUT /v1/accounts/{}/cart"]["takes"]["properties"]
    cart["interval"] = {"type": ["string"], "enum": ["month"]}

    [reason] = judge.reasons(orders, there)
    assert reason.endswith("PUT /v1/accounts/{}/cart: interval may be year")


@pytest.mark.parametrize(
    ("field", "bounds", "reason"),
    [
        ("seats", {"maximum": 100}, "seats may have the maximum 10000, not 100"),
        ("seats", {"minimum": 2}, "seats may have the minimum 1, not 2"),
        ("plan", {"maxLength": 3}, "plan may have the maxLength of its choice, not 3"),
        ("plan", {"pattern": "^eco"}, "plan is no longer promised to have the pattern ^eco"),
    ],
)
def test_a_service_takes_every_size_that_its_callers_there_may_send(made, there, field, bounds, reason):
    entitlements = made("entitlements")
    entitlements.serves[PARKING]["takes"]["properties"][field] |= bounds

    assert judge.reasons(entitlements, there) == [
        f"entitlements 1.4.0 refuses portal 0.1.0 at {PARKING}: {reason}"
    ]


def test_a_service_answers_at_least_what_its_callers_there_know(made, there):
    orders = made("orders")
    del orders.serves[PAY]["answers"]["properties"]["status"]
    orders.serves[PAY]["answers"]["required"].remove("status")

    assert judge.reasons(orders, there) == [
        f"orders 1.4.0 answers less than known to portal 0.1.0 at {PAY}: status is not there"
    ]


def test_what_may_be_null_in_an_answer_has_the_fields_that_its_callers_know(made, there):
    entitlements = made("entitlements")
    licenses = entitlements.serves["GET /v1/accounts/{}/licenses"]["answers"]["properties"]["items"]["items"]
    del licenses["properties"]["member"]["properties"]["email"]
    licenses["properties"]["member"]["required"].remove("email")

    [reason] = judge.reasons(entitlements, there)
    assert reason.endswith("GET /v1/accounts/{}/licenses: items[].member.email is not there")


def test_a_document_stays_what_it_is(made, there):
    notifier = made("notifier")
    notifier.serves["GET /v1/accounts/{}/activity.csv"]["answers"] = {"type": ["application/pdf"]}

    [reason] = judge.reasons(notifier, there)
    assert reason.endswith("the body may be application/pdf, expected is text/csv")


def test_a_service_lets_in_whom_its_callers_there_count_on(made, there):
    catalog, entitlements = made("catalog"), made("entitlements")
    catalog.serves["GET /v1/plans"]["lets_in"] = ["plans:read"]
    entitlements.serves[ACTIVATION]["lets_in"] = ["activation:read"]
    entitlements.serves["POST /v1/sign-ins"]["lets_in"].append("people")

    assert judge.reasons(catalog, there) == [
        "catalog 1.4.0 shuts everybody out, and so portal 0.1.0, at GET /v1/plans"
    ]
    assert judge.reasons(entitlements, there) == [
        f"entitlements 1.4.0 shuts activation:link out, and so notifier 0.1.0, at {ACTIVATION}"
    ]
    catalog.serves["GET /v1/plans"]["lets_in"] = ["everybody"]
    assert judge.reasons(catalog, there) == []


def test_a_caller_waits_for_the_service_that_it_needs(made, there):
    portal = made("portal")
    portal.calls["orders"]["POST /v1/accounts/{}/refunds"] = portal.calls["orders"][PAY]
    portal.calls["orders"][PAY] = {**portal.calls["orders"][PAY], "sends": ["provider", "card", "coupon"]}

    assert set(judge.reasons(portal, there)) == {
        "portal 1.4.0 calls POST /v1/accounts/{}/refunds, which orders 0.1.0 does not serve",
        f"orders 0.1.0 refuses portal 1.4.0 at {PAY}: coupon is not known",
    }


# The database

DROPS = Applied("orders 0003_no_day", (Step("drops the column quotes.day", "quotes.day"),), "0.3.0")
UNIQUE = Applied("orders 0003_unique", (Step("makes quotes (day) unique"),), "0.3.0")
KITS = Applied("kit 0003_no_error", (Step("drops the column cursors.error", "cursors.error"),), "0.2.0")


def without(release, table, column):
    release.uses[table].remove(column)
    return release


def test_a_migration_that_only_expands_stops_nobody_forwards_or_back(made, there):
    newer = made("orders", "0.2.0")
    newer = newer._replace(migrations=(*newer.migrations, Applied("orders 0002_channel")))
    assert judge.reasons(newer, there) == []

    [older] = there["orders"]
    assert judge.reasons(older, {**there, "orders": [older, newer]}) == []


@pytest.mark.parametrize("step", [DROPS, KITS])
def test_what_the_version_there_uses_may_not_be_taken_from_it(made, there, step):
    table, _, column = step.steps[0].taken.partition(".")
    newer = without(made("orders", kit="0.2.0"), table, column)
    newer = newer._replace(migrations=(*newer.migrations, step))

    assert judge.reasons(newer, there) == [
        f"orders 0.1.0 still runs there while orders 1.4.0 migrates: {step.name}"
        f" drops the column {table}.{column}, which orders 0.1.0 uses"
    ]


def test_a_contracting_step_goes_where_the_release_that_it_waited_for_runs(made, there):
    between = without(made("orders", "0.3.0"), "quotes", "day")
    newer = between._replace(version="1.4.0", migrations=(*between.migrations, DROPS))
    there["orders"].append(between)

    assert judge.reasons(newer, there) == []


def test_a_version_cannot_come_back_when_the_database_lacks_what_it_uses(made, there):
    between = without(made("orders", "0.3.0"), "quotes", "day")
    newest = between._replace(version="1.4.0", migrations=(*between.migrations, DROPS))
    [oldest] = there["orders"]
    there["orders"] += [between, newest]

    assert judge.reasons(between, there) == []
    assert judge.reasons(oldest, there) == [
        "orders 0.1.0 cannot run on the database there: orders 0003_no_day drops the column quotes.day,"
        " which orders 0.1.0 uses"
    ]


def test_where_nobody_can_see_the_use_the_named_release_decides(made, there):
    newer = made("orders")._replace(migrations=(*there["orders"][0].migrations, UNIQUE))

    assert judge.reasons(newer, there) == [
        "orders 0.1.0 still runs there while orders 1.4.0 migrates: orders 0003_unique"
        " makes quotes (day) unique, which is unused since orders 0.3.0"
    ]
    there["orders"].append(made("orders", "0.3.0"))
    assert judge.reasons(newer, there) == []


def test_a_step_of_the_kit_counts_in_versions_of_the_kit(made, there):
    step = Applied("kit 0003_unique", (Step("makes cursors (last) unique"),), "0.3.0")
    newer = made("orders", kit="0.4.0")
    newer = newer._replace(migrations=(*newer.migrations, step))
    there["orders"] = [made("orders", "1.3.0", kit="0.2.0")]
    assert len(judge.reasons(newer, there)) == 1

    there["orders"] = [made("orders", "0.1.0", kit="0.3.0")]
    assert judge.reasons(newer, there) == []


def test_there_is_an_order_in_which_what_waits_for_each_other_is_deployed(made, there):
    entitlements, orders, portal = made("entitlements"), made("orders"), made("portal")
    entitlements.announces["seats.burnt"] = {"must": True, "data": {"type": ["object"]}}
    orders.reads["entitlements"]["seats.burnt"] = shapes.ANYTHING
    orders.serves["POST /v1/accounts/{}/refunds"] = orders.serves[PAY]
    portal.calls["orders"]["POST /v1/accounts/{}/refunds"] = portal.calls["orders"][PAY]

    assert judge.in_order([portal, entitlements, orders], there) == ([orders, portal, entitlements], [])
    ordered, reasons = judge.in_order([portal, entitlements], there)
    assert (ordered, len(reasons)) == ([], 2)
