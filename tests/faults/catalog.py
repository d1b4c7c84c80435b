"""The faults that the suite has to survive, each with the tests that hurt it so and the control of its guard.

A control runs a deliberately broken variant, which the checker (or the test's own rule) must catch.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]


class Fault(NamedTuple):
    """`tests` and `control` as file::test; of a name without a folder the folder is tests/faults/."""

    kind: str
    name: str
    tests: tuple[str, ...]
    control: str = ""


DELIVERY, RELAY, BROKER = "test_delivery.py::test_", "test_relay.py::test_", "test_broker.py::test_"
CONSUMER, POISON, MAIL = "test_consumer.py::test_", "test_poison.py::test_", "test_mail.py::test_"
API, DEPLOY, OUTAGES = "test_api.py::test_", "test_deploy.py::test_", "tests/journeys/test_outages.py::test_"
LETTERS, KIT = "services/notifier/tests/test_delivery.py::test_", "kit/tests/test_broker.py::test_"
PRODUCTS, TOGETHER = "test_client.py::test_", "tests/contracts/test_client.py::test_"
CURSORS = "kit/tests/test_cursors.py::test_"
PAYING = "services/orders/tests/test_paying.py::test_"
ROLLING, SCHEDULES = "tests/releases/test_rolling.py::test_", "tests/schedules/test_schedules.py::test_"


def _faults(kind: str, *rows: tuple[str, str | tuple[str, ...], str]) -> Iterator[Fault]:
    for name, tests, control in rows:
        yield Fault(kind, name, (tests,) if isinstance(tests, str) else tests, control)


FAULTS = (
    *_faults(
        "relay",
        (
            "exit after the confirm, before the mark",
            DELIVERY + "a_relay_that_dies_between_confirm_and_mark_sends_again_without_a_second_effect",
            DELIVERY + "control_a_cursor_without_sequence_is_caught_when_the_relay_sends_again",
        ),
        (
            "exit after the publish, before the confirm",
            DELIVERY + "a_relay_that_dies_before_the_confirm_sends_again",
            DELIVERY + "control_a_relay_that_marks_before_the_confirm_is_caught",
        ),
        (
            "frozen leader, another takes over, the frozen one wakes",
            (
                RELAY + "a_leader_that_freezes_is_replaced_and_does_no_harm_when_it_wakes",
                KIT + "the_relay_does_not_mark_what_it_sent_after_losing_the_lease",
            ),
            RELAY + "control_a_cursor_without_sequence_is_caught_when_a_frozen_leader_is_replaced",
        ),
        (
            "two start at once, two believe to lead",
            (
                RELAY + "of_workers_that_start_at_once_one_leads",
                RELAY + "two_workers_that_both_believe_to_lead_have_each_effect_once",
            ),
            RELAY + "control_a_cursor_without_sequence_is_caught_when_two_lead_at_once",
        ),
        (
            "broker killed within a window",
            (
                RELAY + "a_broker_killed_within_a_window_gets_it_again",
                BROKER + "a_broker_killed_while_people_work_loses_nothing",
            ),
            RELAY + "control_a_relay_that_marks_before_the_confirm_is_caught_when_the_broker_dies",
        ),
        (
            "memory alarm while people pay",
            RELAY + "people_pay_and_get_their_licenses_while_the_broker_is_short_of_memory",
            RELAY + "control_a_consumer_that_never_reads_the_logs_is_caught_while_memory_is_short",
        ),
        (
            "exchange deleted",
            (
                RELAY + "exchanges_that_were_deleted_are_made_anew",
                KIT + "an_exchange_deleted_under_the_relay_is_made_anew",
            ),
            RELAY + "control_a_consumer_that_never_reads_the_logs_is_caught_when_exchanges_are_deleted",
        ),
        (
            "database connection cut in mid-batch, and between requests",
            (
                RELAY + "a_worker_whose_connections_are_cut_in_mid_batch_begins_anew",
                RELAY + "services_whose_connections_are_cut_between_requests_answer_the_next_ones",
            ),
            DELIVERY + "control_a_consumer_that_acks_before_the_commit_is_caught",
        ),
        (
            "backlog of 100,000 drains in bounded memory",
            RELAY + "a_backlog_of_a_hundred_thousand_is_sent_in_little_memory_and_read_once",
            RELAY + "control_a_relay_that_sends_its_backlog_in_one_window_is_caught",
        ),
        (
            "two transactions commit in the other order",
            RELAY + "of_two_transactions_that_commit_in_the_other_order_both_are_sent",
            RELAY + "control_a_relay_that_remembers_how_far_it_came_is_caught",
        ),
    ),
    *_faults(
        "consumer",
        (
            "exit after the commit, before the ack",
            DELIVERY + "a_consumer_that_dies_between_commit_and_ack_gets_it_again_without_a_second_effect",
            DELIVERY + "control_a_cursor_without_sequence_is_caught_when_the_queue_delivers_again",
        ),
        (
            "exit before the commit",
            DELIVERY + "a_consumer_that_dies_before_the_commit_gets_it_again",
            DELIVERY + "control_a_consumer_that_acks_before_the_commit_is_caught",
        ),
        (
            "channel closed by the broker",
            CONSUMER + "channels_that_the_broker_closes_are_opened_again_and_nothing_is_lost",
            CONSUMER + "control_a_consumer_that_opens_no_channel_again_is_caught",
        ),
        (
            "queue deleted under it",
            BROKER + "queues_that_were_deleted_are_made_anew_and_what_they_held_is_read_from_the_logs",
            BROKER + "control_a_consumer_that_never_reads_the_logs_is_caught_when_queues_are_lost",
        ),
        (
            "queue purged",
            CONSUMER + "what_a_purged_queue_held_is_read_from_the_logs",
            CONSUMER + "control_a_consumer_that_never_reads_the_logs_is_caught_when_a_queue_is_purged",
        ),
        (
            "broker's disk wiped",
            BROKER + "a_broker_that_lost_its_disk_is_made_up_for_by_the_logs",
            BROKER + "control_a_consumer_that_never_reads_the_logs_is_caught_when_queues_are_lost",
        ),
        (
            "told to stop under load, killed under load",
            (
                CONSUMER + "workers_told_to_stop_with_much_to_read_end_soon_with_nothing_half_done",
                BROKER + "workers_told_to_stop_while_people_work_end_in_order_and_nothing_is_lost",
                BROKER + "killed_workers_are_replaced_and_nothing_is_lost",
            ),
            CONSUMER + "control_a_worker_that_reads_its_queue_to_the_end_before_it_stops_is_caught",
        ),
        (
            "the same event a hundred times to three processes",
            CONSUMER + "the_same_event_a_hundred_times_to_three_processes_has_one_effect",
            CONSUMER + "control_a_cursor_without_sequence_is_caught_when_three_processes_share_an_event",
        ),
        (
            "50 events of a stream shuffled, all of them repeated",
            (
                DELIVERY + "events_repeated_and_shuffled_take_effect_once_and_in_order",
                DELIVERY + "everything_ever_said_may_come_again_five_times",
            ),
            DELIVERY + "control_a_cursor_without_sequence_is_caught_when_events_are_repeated_and_shuffled",
        ),
        (
            "gap",
            CONSUMER + "an_event_that_comes_too_early_waits_for_those_before_it",
            CONSUMER + "control_a_cursor_that_follows_whatever_comes_is_caught_by_a_gap",
        ),
        (
            "poison by exception",
            POISON + "an_event_that_no_reader_understands_stops_its_stream_until_it_is_skipped",
            POISON + "control_a_reader_that_retries_in_place_is_caught",
        ),
        (
            "poison by death of the process, with innocent neighbours",
            POISON + "an_event_that_kills_the_process_is_stopped_alone_and_retried_after_the_fix",
            POISON + "control_a_reader_that_commits_no_attempt_is_caught_when_an_event_kills_it",
        ),
        (
            "undecodable, NUL, 1 MB",
            (
                CONSUMER + "messages_that_are_no_events_are_stepped_over",
                KIT + "messages_that_are_no_events_are_counted_and_stepped_over",
                CURSORS + "an_error_of_the_database_that_one_event_always_causes_stops_its_stream_alone",
            ),
            CONSUMER + "control_a_consumer_that_dies_of_what_it_cannot_read_is_caught",
        ),
        (
            "unknown type or field",
            (
                CONSUMER + "types_and_fields_that_nobody_knows_yet_are_moved_past",
                CURSORS + "a_type_that_must_be_understood_stops_its_stream_alone",
            ),
            CONSUMER + "control_a_reader_that_refuses_what_it_does_not_know_is_caught",
        ),
        (
            "database down for a minute (SQLite: held by another)",
            (
                CONSUMER + "consumers_outlive_their_database",
                CURSORS + "a_database_that_is_gone_ends_the_process_and_stops_no_stream",
            ),
            CONSUMER + "control_a_consumer_that_acks_before_the_commit_is_caught_when_its_database_is_away",
        ),
    ),
    *_faults(
        "deploy",
        (
            "events published before a consumer exists",
            DEPLOY + "a_consumer_deployed_late_reads_all_that_was_said_and_sends_no_old_mail",
            DEPLOY + "control_a_late_consumer_that_never_reads_the_logs_is_caught",
        ),
        (
            "three migrations at once",
            DEPLOY + "three_migrations_at_once_all_succeed",
            DEPLOY + "control_migrations_without_a_lock_are_caught",
        ),
        (
            "wrong password of the broker",
            DEPLOY + "a_worker_with_a_wrong_password_asks_now_and_then_and_goes_on_through_the_logs",
            DEPLOY + "control_a_worker_that_knocks_without_a_pause_is_caught",
        ),
        (
            "every service restarted in turn under load",
            BROKER + "services_restarted_one_after_the_other_while_people_work_lose_nothing",
            API + "control_a_service_that_forgets_its_answers_is_caught",
        ),
        (
            "a service is away while people work",
            (
                OUTAGES + "without_the_catalog_people_still_buy_and_assign",
                OUTAGES + "without_entitlements_people_still_pay_and_the_seats_appear_later",
                OUTAGES + "without_the_notifier_the_mails_come_later_and_once",
                OUTAGES + "without_orders_people_still_get_their_licenses",
                OUTAGES + "without_the_broker_seats_and_mails_come_through_the_logs",
            ),
            OUTAGES + "control_the_checker_says_what_is_missing_while_a_service_is_down",
        ),
    ),
    *_faults(
        "mail",
        (
            "connection dropped after DATA",
            (
                MAIL + "a_connection_dropped_after_the_mail_brings_no_second_mail_with_another_name",
                LETTERS + "a_mail_whose_fate_stays_unknown_is_shown_as_unknown_and_not_sent_a_third_time",
            ),
            MAIL + "control_a_message_id_made_for_each_attempt_is_caught",
        ),
        (
            "connection dropped before DATA, 4xx, 5xx",
            MAIL + "what_a_mail_server_answers_has_its_consequence_once",
            MAIL + "control_a_notifier_that_gives_up_at_the_first_no_is_caught",
        ),
        (
            "server down for an hour",
            (
                MAIL + "mails_wait_for_a_server_that_is_away_and_arrive_once",
                OUTAGES + "without_the_mail_server_mails_wait_and_then_come_once",
                LETTERS + "a_server_that_asks_to_come_later_is_asked_less_and_less_often",
            ),
            MAIL + "control_a_notifier_that_gives_up_at_the_first_no_is_caught",
        ),
        (
            "exit between `sending` and DATA, and after DATA",
            MAIL + "a_notifier_that_dies_around_a_mail_sends_it_once_more_with_its_name",
            MAIL + "control_a_notifier_that_forgets_what_it_was_sending_is_caught",
        ),
    ),
    *_faults(
        "products",
        (
            "a product off for days",
            PRODUCTS + "a_product_that_was_off_for_days_knows_and_provisions_what_happened_meanwhile",
            PRODUCTS + "control_a_client_that_reads_no_log_is_caught",
        ),
        (
            "broker's disk wiped under a product",
            PRODUCTS + "a_broker_that_lost_everything_costs_a_product_nothing",
            PRODUCTS + "control_a_client_that_reads_no_log_is_caught",
        ),
        (
            "a product's file lost; the services down at its start",
            (
                PRODUCTS + "a_product_that_lost_its_file_begins_anew_and_knows_the_same",
                PRODUCTS + "with_the_services_down_a_product_starts_and_answers_from_its_file",
            ),
            PRODUCTS + "control_a_client_that_reads_no_log_is_caught",
        ),
        (
            "10,000 events of which 30 % are lost, repeated or late",
            TOGETHER + "events_lost_repeated_and_late_leave_the_replica_as_the_snapshot_byte_for_byte",
            PRODUCTS + "control_a_client_that_reads_no_log_is_caught",
        ),
    ),
    *_faults(
        "payment and API",
        (
            "client gone after the commit, same key again",
            API + "a_client_that_left_before_the_answer_gets_it_with_its_key_and_no_second_effect",
            API + "control_a_service_that_forgets_its_answers_is_caught",
        ),
        (
            "same key several times in parallel",
            (
                API + "the_same_key_eight_times_at_once_has_one_effect",
                API + "the_same_payment_eight_times_at_once_is_charged_once",
                PAYING + "the_losers_of_a_race_do_not_reach_the_provider",
            ),
            PAYING + "without_the_claim_that_race_would_charge_twice",
        ),
        (
            "provider's answer lost",
            API + "a_payment_whose_answer_was_lost_is_found_and_not_charged_again",
            API + "control_orders_that_never_asks_the_provider_again_is_caught",
        ),
        (
            "web process stopped or killed in the middle of a checkout",
            (
                API + "a_web_process_told_to_stop_finishes_the_checkout_it_is_in",
                API + "a_checkout_killed_after_the_charge_ends_paid_and_charged_once",
                API + "a_checkout_killed_before_the_charge_can_be_paid_again",
                PAYING + "a_crash_before_the_charge_frees_the_order_and_bars_the_charge",
            ),
            API + "control_orders_that_never_asks_the_provider_again_is_caught",
        ),
    ),
)

RELEASES = tuple(
    _faults(
        "deploy",
        (
            "units roll forwards and back under load, one by one",
            ROLLING + "units_roll_forwards_and_back_one_by_one_while_people_work",
            ROLLING + "control_a_replica_that_is_stopped_while_it_is_asked_is_caught",
        ),
        (
            "each unit at its last release, all others at head, under load",
            ROLLING + "each_unit_at_its_last_release_works_with_all_others_at_head",
            ROLLING + "control_what_runs_is_the_code_of_the_release",
        ),
        (
            "old consumer with new producer",
            ROLLING + "old_readers_understand_a_release_that_tells_more",
            ROLLING + "control_a_producer_that_tells_less_than_is_read_is_refused_and_would_have_failed",
        ),
        (
            "new consumer with old producer",
            ROLLING + "new_readers_understand_a_release_that_tells_less",
            ROLLING + "control_a_reader_that_insists_on_more_than_is_told_is_refused_and_would_have_failed",
        ),
    )
)
ANY_SCHEDULE = tuple(
    _faults(
        "schedules",
        (
            "deaths anywhere, a broker that repeats",
            SCHEDULES + "the_delivery_loses_and_repeats_nothing_while_the_broker_loses_nothing",
            SCHEDULES + "control_the_machine_of_deliveries_catches",
        ),
        (
            "deaths anywhere, a broker that loses and shuffles, producers that are restored",
            SCHEDULES + "nothing_is_lost_or_repeated_and_after_a_restore_the_way_back_leads_to_one_history",
            SCHEDULES + "control_the_machine_of_schedules_catches",
        ),
    )
)


class Page(NamedTuple):
    """A report, docs/reports/<its name>.md, of these faults; `files`: where all of their own tests are."""

    title: str
    faults: tuple[Fault, ...]
    files: str
    databases: tuple[str, ...] = ("sqlite", "postgresql")
    processes: int = 0

    def tests(self) -> set[str]:
        """As pytest names them."""
        return {node(test) for fault in self.faults for test in (*fault.tests, fault.control) if test}


PAGES = {
    "faults": Page("The fault matrix", FAULTS, "tests/faults/test_*.py", processes=3),
    "rolling": Page("Releases beside each other", RELEASES, "tests/releases/test_rolling.py"),
    "schedules": Page("Any schedule", ANY_SCHEDULE, "tests/schedules/test_*.py", databases=("sqlite",)),
}


def node(test: str) -> str:
    """As pytest names it, without parameters."""
    return test if "/" in test else f"tests/faults/{test}"
