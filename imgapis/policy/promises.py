"""The promises by number: what each is called, which tests prove it, and which checks of verify_privacy look at it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Promise:
    """A promise. `tests` are node ids, `checks` are those of verify_privacy; `waits` says what is not built."""

    number: str
    title: str
    tests: tuple[str, ...]
    checks: tuple[str, ...] = ()
    waits: str = ""


HERE = "tests/promises"
VIEWERS, ROWS, PAGES = f"{HERE}/test_viewers.py::test_", f"{HERE}/test_rows.py::test_", f"{HERE}/test_pages.py::test_"
LIVES, PEOPLE = f"{HERE}/test_lives.py::test_", f"{HERE}/test_people.py::test_"
DATA = f"{HERE}/test_data.py::test_"
NOTICES, REQUESTS = "tests/policy/test_notices.py::test_", "tests/policy/test_requests.py::test_"

PROMISES = (
    Promise(
        "P01",
        "Viewers are nobody",
        (VIEWERS + "p01_nothing_of_a_viewer_is_kept_in_any_table_output_file_or_log",),
        ("viewers", "logs", "digests"),
    ),
    Promise(
        "P02",
        "What is kept of an account",
        (
            ROWS + "p02_every_attribute_of_every_table_says_what_it_is_kept_for",
            ROWS + "p02_every_table_beside_the_policys_own_list_stands_on_the_page",
        ),
    ),
    Promise(
        "P03", "No card number", (ROWS + "p03_no_attribute_anywhere_could_hold_a_card_and_billing_names_no_person",)
    ),
    Promise("P04", "Eight facts a request", (ROWS + "p04_an_event_has_the_fields_of_the_policy_and_no_other",)),
    Promise(
        "P05",
        "A keyed fingerprint",
        (
            ROWS + "p05_the_fingerprint_of_a_charge_is_keyed_by_its_workspace_and_stands_on_the_claim_alone",
            ROWS + "p05_without_the_workspaces_key_the_fingerprint_cannot_be_made",
        ),
        ("digests",),
    ),
    Promise("P06", "Silent logs", (VIEWERS + "p06_no_body_and_no_header_is_in_a_log_whoever_writes_it",), ("logs",)),
    Promise(
        "P07",
        "Originals are not kept",
        (VIEWERS + "p07_the_original_is_nowhere_when_the_request_has_ended",),
        ("originals",),
    ),
    Promise(
        "P08",
        "A year, and a day",
        (
            LIVES + "p08_what_was_made_lives_as_long_as_promised_in_caches_and_in_the_bucket",
            LIVES + "p08_an_output_past_its_day_is_not_served",
        ),
        waits="Proven for our own cache. At the edge it waits for the edge worker, which is not built yet.",
    ),
    Promise(
        "P09",
        "Nobody else on our pages",
        (
            PAGES + "p09_no_page_loads_anything_from_anybody_else_and_its_policy_forbids_it",
            PAGES + "p09_every_mail_is_plain_text_that_loads_nothing",
        ),
        ("hosts", "reports", "storage"),
    ),
    Promise(
        "P10",
        "No profiles",
        (VIEWERS + "p10_two_viewers_who_differ_in_everything_leave_the_same_two_events",),
        ("viewers",),
    ),
    Promise(
        "P11",
        "One list for dashboard and bill",
        (LIVES + "p11_the_dashboard_and_the_bill_are_sums_of_the_same_events",),
        ("viewers",),
    ),
    Promise("P12", "Counting at the edge", (), waits="This waits for the edge worker, which is not built yet."),
    Promise("P13", "One database", (ROWS + "p13_there_is_no_sql_database_and_the_tables_are_in_virginia",)),
    Promise(
        "P14",
        "Originals stay where they are",
        (
            LIVES + "p14_a_buckets_original_is_read_where_it_is_and_copied_nowhere",
            LIVES + "p14_a_customers_bucket_is_only_read",
        ),
        ("originals",),
    ),
    Promise(
        "P15",
        "Three companies",
        (
            PAGES + "p15_only_named_modules_open_connections_and_only_to_the_three_companies",
            PAGES + "p15_the_page_names_each_company_with_its_part",
        ),
    ),
    Promise(
        "P16",
        "One cookie",
        (
            PAGES + "p16_one_cookie_and_only_where_somebody_signs_in",
            PAGES + "p16_forms_messages_and_mistakes_set_no_second_cookie",
        ),
        ("cookies", "storage"),
    ),
    Promise(
        "P17",
        "Take it with you",
        (DATA + "p17_everything_that_is_held_and_may_be_given_comes_out_readable_by_machines",),
    ),
    Promise("P18", "Set it right", (PEOPLE + "p18_everything_about_an_account_is_changed_in_the_dashboard",)),
    Promise(
        "P19",
        "Erasure in 30 days",
        (
            PEOPLE + "p19_an_erasure_is_due_within_thirty_days_of_the_mail_recovery_counted_in",
            DATA + "p19_everything_that_is_held_is_gone_twice_confirmed_and_certified",
        ),
        ("erasure",),
    ),
    Promise(
        "P20",
        "Leaving is easy",
        (
            PEOPLE + "p20_leaving_a_workspace_takes_no_more_forms_than_joining_it",
            PEOPLE + "p20_cancelling_a_plan_takes_no_more_clicks_than_buying_it",
        ),
    ),
    Promise(
        "P21",
        "Requests by mail",
        (
            PEOPLE + "p21_a_request_under_each_law_is_recorded_due_and_fulfilled",
            PEOPLE + "p21_the_page_says_how_to_ask_and_by_when",
            REQUESTS + "requests_are_listed_by_their_day_and_late_ones_are_told",
        ),
    ),
    Promise(
        "P22",
        "16 and older",
        (PEOPLE + "p22_nobody_has_an_account_without_confirming_to_be_sixteen_and_no_birth_date_is_kept",),
    ),
    Promise(
        "P23",
        "Told 14 days ahead",
        (
            PEOPLE + "p23_a_notice_comes_fourteen_days_ahead_or_not_at_all",
            NOTICES + "four_at_once_tell_everybody_once",
            NOTICES + "after_a_crash_anywhere_everybody_is_told_once",
            NOTICES + "a_mail_that_would_be_late_moves_the_day_for_everybody",
        ),
    ),
    Promise(
        "P24",
        "One contact",
        (
            PAGES + "p24_the_contact_is_a_setting_and_stands_on_the_pages_and_in_the_mails",
            PAGES + "p24_every_mail_ends_with_the_contact",
        ),
    ),
)


def by_number() -> dict[str, Promise]:
    """Every promise by its number."""
    return {promise.number: promise for promise in PROMISES}
