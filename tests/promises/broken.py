"""The mutations: for each promise, how it could be broken, and the tests that must notice."""

from dataclasses import dataclass

HERE = "tests/promises"


@dataclass(frozen=True)
class Mutation:
    """A promise broken: `edits` are (file, text that stands there once, what takes its place)."""

    number: str
    what: str
    edits: tuple[tuple[str, str, str], ...]
    tests: tuple[str, ...]


def _of(number: str, what: str, edits: list[tuple[str, str, str]], *tests: str) -> Mutation:
    named = (test if test.startswith("tests/") else f"{HERE}/{test}" for test in tests)
    return Mutation(number, what, tuple(edits), tuple(named))


MUTATIONS = (
    _of(
        "P01",
        "an event takes the page a viewer came from where no Origin was sent",
        [
            (
                "transforms/serving/image_responses.py",
                'request.META.get("HTTP_ORIGIN")',
                'request.META.get("HTTP_ORIGIN") or request.META.get("HTTP_REFERER")',
            )
        ],
        "test_viewers.py::test_p01_nothing_of_a_viewer_is_kept_in_any_table_output_file_or_log",
    ),
    _of(
        "P02",
        "an attribute without a declaration",
        [
            (
                "telemetry/models/dirty_hours.py",
                'stamp = declared(UnicodeAttribute(), "tells a newer mark from the one being worked on", MARK)',
                "stamp = UnicodeAttribute()",
            )
        ],
        "test_rows.py::test_p02_every_attribute_of_every_table_says_what_it_is_kept_for",
    ),
    _of(
        "P02",
        "a table that the page leaves out",
        [
            (
                "imgapis/policy/additions.py",
                "if row_class.__name__ not in NAMED]",
                'if row_class.__name__ not in NAMED and row_class.__name__ != "SessionRow"]',
            )
        ],
        "test_rows.py::test_p02_every_table_beside_the_policys_own_list_stands_on_the_page",
    ),
    _of(
        "P03",
        "a counter holds a card",
        [
            (
                "billing/models/counters.py",
                "    base = declared(",
                '    card_number = declared(UnicodeAttribute(default=""), "pays", BILLING)\n    base = declared(',
            )
        ],
        "test_rows.py::test_p03_no_attribute_anywhere_could_hold_a_card_and_billing_names_no_person",
    ),
    _of(
        "P04",
        "an event keeps the source",
        [
            (
                "telemetry/models/events.py",
                "    size = declared(",
                '    source = declared(UnicodeAttribute(default="shoe"), "what", TELEMETRY)\n    size = declared(',
            )
        ],
        "test_rows.py::test_p04_an_event_has_the_fields_of_the_policy_and_no_other",
    ),
    _of(
        "P05",
        "a claim without the workspace's key",
        [
            (
                "transforms/serving/image_plans.py",
                "claim=tokens.keyed_digest(tenant.claim_key, identity",
                'claim=tokens.keyed_digest(b"", identity',
            )
        ],
        "test_rows.py::test_p05_without_the_workspaces_key_the_fingerprint_cannot_be_made",
    ),
    _of(
        "P05",
        "the fingerprint stands on the event too",
        [("transforms/serving/charging/settlement.py", "operation=plan.operation,", "operation=plan.claim,")],
        "test_rows.py::test_p05_the_fingerprint_of_a_charge_is_keyed_by_its_workspace_and_stands_on_the_claim_alone",
    ),
    _of(
        "P06",
        "libraries may log, and their words are written out",
        [
            ("imgapis/server/logs.py", 'return record.name == OWN or record.name.startswith(OWN + ".")', "return True"),
            ("imgapis/server/logs.py", '"event": str(record.msg)', '"event": record.getMessage()'),
        ],
        "test_viewers.py::test_p06_no_body_and_no_header_is_in_a_log_whoever_writes_it",
    ),
    _of(
        "P07",
        "the original is stored beside the output",
        [
            (
                "transforms/serving/delivery.py",
                "    return FinishedPicture(output, prints, entry, seconds)\n",
                '    cache.write(tenant.folder, plan.key + "0", plan.retention,\n'
                '                cache.new_output(originals[0].body, "image/png", plan.seconds))\n'
                "    return FinishedPicture(output, prints, entry, seconds)\n",
            )
        ],
        "test_viewers.py::test_p07_the_original_is_nowhere_when_the_request_has_ended",
    ),
    _of(
        "P08",
        "what /info says lives two days",
        [("transforms/serving/cache.py", "DAY_SECONDS = 86400", "DAY_SECONDS = 2 * 86400")],
        "test_lives.py::test_p08_what_was_made_lives_as_long_as_promised_in_caches_and_in_the_bucket",
    ),
    _of(
        "P08",
        "an output past its day is served while it is there",
        [
            (
                "transforms/serving/cache.py",
                "if entry is None or entry.expires <= clock.now() or",
                "if entry is None or",
            ),
        ],
        "test_lives.py::test_p08_an_output_past_its_day_is_not_served",
    ),
    _of(
        "P09",
        "a script from a foreign host",
        [("templates/site/public.html", "</head>", '<script src="https://cdn.example/count.js"></script>\n</head>')],
        "test_pages.py::test_p09_no_page_loads_anything_from_anybody_else_and_its_policy_forbids_it",
    ),
    _of(
        "P09",
        "a policy that lets a foreign host in",
        [("imgapis/server/middleware.py", "script-src 'self'", "script-src 'self' https://cdn.example")],
        "test_pages.py::test_p09_no_page_loads_anything_from_anybody_else_and_its_policy_forbids_it",
    ),
    _of(
        "P09",
        "mails are HTML",
        [
            (
                "imgapis/base/mail/mail.py",
                "            _message(row, completion).send()\n",
                '            message = _message(row, completion)\n            message.content_subtype = "html"\n'
                "            message.send()\n",
            )
        ],
        "test_pages.py::test_p09_every_mail_is_plain_text_that_loads_nothing",
    ),
    _of(
        "P10",
        "an event tells one viewer's browser from another's",
        [
            (
                "transforms/serving/image_responses.py",
                'origin=image_request.origin or "",',
                'origin=image_request.origin or str(len(request.META.get("HTTP_USER_AGENT", ""))),',
            )
        ],
        "test_viewers.py::test_p10_two_viewers_who_differ_in_everything_leave_the_same_two_events",
    ),
    _of(
        "P11",
        "the dashboard rounds what the bill adds up",
        [("telemetry/sums.py", "Sums(1, int(event.cost),", "Sums(1, int(event.cost) // 2 * 2,")],
        "test_lives.py::test_p11_the_dashboard_and_the_bill_are_sums_of_the_same_events",
    ),
    _of(
        "P13",
        "a database of SQL",
        [
            (
                "imgapis/settings.py",
                "DATABASES: dict = {}",
                'DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}',
            )
        ],
        "test_rows.py::test_p13_there_is_no_sql_database_and_the_tables_are_in_virginia",
    ),
    _of(
        "P13",
        "tables in another region",
        [("imgapis/settings.py", 'env_text("AWS_REGION", "us-east-1")', 'env_text("AWS_REGION", "eu-west-1")')],
        "test_rows.py::test_p13_there_is_no_sql_database_and_the_tables_are_in_virginia",
    ),
    _of(
        "P14",
        "every bucket is read in one region",
        [
            (
                "transforms/sources/kinds/s3.py",
                "return settings.S3_ENDPOINT.format(region=region)",
                'return settings.S3_ENDPOINT.format(region="us-east-1")',
            )
        ],
        "test_lives.py::test_p14_a_buckets_original_is_read_where_it_is_and_copied_nowhere",
    ),
    _of(
        "P14",
        "an original of a bucket is kept",
        [
            (
                "transforms/serving/delivery.py",
                "    return FinishedPicture(output, prints, entry, seconds)\n",
                '    cache.write(tenant.folder, plan.key + "0", plan.retention,\n'
                '                cache.new_output(originals[0].body, "image/png", plan.seconds))\n'
                "    return FinishedPicture(output, prints, entry, seconds)\n",
            )
        ],
        "test_lives.py::test_p14_a_customers_bucket_is_only_read",
    ),
    _of(
        "P15",
        "a module opens connections of its own",
        [
            (
                "telemetry/reports.py",
                "from imgapis.base import clock",
                "import http.client\n\nfrom imgapis.base import clock",
            )
        ],
        "test_pages.py::test_p15_only_named_modules_open_connections_and_only_to_the_three_companies",
    ),
    _of(
        "P15",
        "a company that the page does not name",
        [
            (
                "templates/policy/subprocessors.html",
                "{% for company in companies %}",
                '{% for company in companies|slice:":2" %}',
            )
        ],
        "test_pages.py::test_p15_the_page_names_each_company_with_its_part",
    ),
    _of(
        "P16",
        "messages wait in a cookie",
        [
            (
                "imgapis/settings.py",
                "django.contrib.messages.storage.session.SessionStorage",
                "django.contrib.messages.storage.cookie.CookieStorage",
            )
        ],
        "test_pages.py::test_p16_forms_messages_and_mistakes_set_no_second_cookie",
    ),
    _of(
        "P16",
        "a public page sets a cookie",
        [
            (
                "imgapis/site/status.py",
                '    response["Cache-Control"] = "public, max-age=15"\n',
                '    response["Cache-Control"] = "public, max-age=15"\n    response.set_cookie("seen", "1")\n',
            )
        ],
        "test_pages.py::test_p16_one_cookie_and_only_where_somebody_signs_in",
    ),
    _of(
        "P18",
        "a new address is proven and not kept",
        [("accounts/people/people.py", "[Person.email.set(email)]", "[Person.email.set(row.email)]")],
        "test_people.py::test_p18_everything_about_an_account_is_changed_in_the_dashboard",
    ),
    _of(
        "P17",
        "an export leaves a table out",
        [
            (
                "imgapis/privacy/export.py",
                "if find is None or not names:",
                'if find is None or not names or holding.row.__name__ == "Preset":',
            )
        ],
        "test_data.py::test_p17_everything_that_is_held_and_may_be_given_comes_out_readable_by_machines",
    ),
    _of(
        "P19",
        "an erasure leaves billing's rows",
        [("imgapis/privacy/registry.py", '"billing": billing.privacy.HOLDINGS,', '"billing": (),')],
        "test_data.py::test_p19_everything_that_is_held_is_gone_twice_confirmed_and_certified",
    ),
    _of(
        "P19",
        "an erasure leaves the outputs",
        [
            (
                "imgapis/privacy/steps.py",
                "return (_subscription, _close, _hostnames, *apps, _outputs, _customer)",
                "return (_subscription, _close, _hostnames, *apps, _customer)",
            )
        ],
        "test_data.py::test_p19_everything_that_is_held_is_gone_twice_confirmed_and_certified",
    ),
    _of(
        "P19",
        "an erasure may take as long as its law lets it",
        [("imgapis/policy/requests.py", 'if kind == "delete" else deadline', "if False else deadline")],
        "test_people.py::test_p19_an_erasure_is_due_within_thirty_days_of_the_mail_recovery_counted_in",
    ),
    _of(
        "P19",
        "recovery keeps 35 days",
        [("imgapis/tables/migration.py", "RECOVERY_DAYS = 14", "RECOVERY_DAYS = 35")],
        "test_people.py::test_p19_an_erasure_is_due_within_thirty_days_of_the_mail_recovery_counted_in",
    ),
    _of(
        "P20",
        "leaving asks for a fresh code first",
        [
            (
                "accounts/views/team.py",
                '@workspace_page("workspace.view")\ndef leave(',
                '@workspace_page("workspace.view")\n@fresh_code\ndef leave(',
            ),
            ("accounts/decorators.py", "FRESH_SECONDS = 600", "FRESH_SECONDS = 0"),
        ],
        "test_people.py::test_p20_leaving_a_workspace_takes_no_more_forms_than_joining_it",
    ),
    _of(
        "P20",
        "cancelling a plan asks for a fresh code first",
        [
            (
                "billing/views/purchase.py",
                '@workspace_page("billing.manage")\ndef cancel(',
                '@workspace_page("billing.manage")\n@fresh_code\ndef cancel(',
            ),
            ("billing/views/purchase.py", "import workspace_page", "import fresh_code, workspace_page"),
            ("accounts/decorators.py", "FRESH_SECONDS = 600", "FRESH_SECONDS = 0"),
        ],
        "test_people.py::test_p20_cancelling_a_plan_takes_no_more_clicks_than_buying_it",
    ),
    _of(
        "P21",
        "a CCPA request has 60 days",
        [("imgapis/policy/requests.py", "CCPA_DAYS = 45", "CCPA_DAYS = 60")],
        "test_people.py::test_p21_a_request_under_each_law_is_recorded_due_and_fulfilled",
        "test_people.py::test_p21_the_page_says_how_to_ask_and_by_when",
    ),
    _of(
        "P22",
        "signing up goes on without the confirmation",
        [("accounts/forms.py", 'label="I am 16 or older.",', 'label="I am 16 or older.", required=False,')],
        "test_people.py::test_p22_nobody_has_an_account_without_confirming_to_be_sixteen_and_no_birth_date_is_kept",
    ),
    _of(
        "P23",
        "13 days are enough",
        [("imgapis/policy/notices.py", "AHEAD_DAYS = 14", "AHEAD_DAYS = 13")],
        "test_people.py::test_p23_a_notice_comes_fourteen_days_ahead_or_not_at_all",
    ),
    _of(
        "P23",
        "a person is claimed without asking who was first",
        [("imgapis/models/notices.py", "row.save_if(Notice.is_absent() | lease_lapsed)", "not row.save()")],
        "tests/policy/test_notices.py::test_four_at_once_tell_everybody_once",
    ),
    _of(
        "P23",
        "a mail that is late moves no day",
        [
            (
                "imgapis/policy/notices.py",
                "        announcements.move_effect(version.name, earliest)\n",
                "        pass\n",
            )
        ],
        "tests/policy/test_notices.py::test_a_mail_that_would_be_late_moves_the_day_for_everybody",
    ),
    _of(
        "P24",
        "the contact is written into the code",
        [
            (
                "imgapis/site/policy_pages.py",
                "contact = escape(settings.CONTACT_EMAIL)",
                'contact = escape("privacy@imgapis.com")',
            )
        ],
        "test_pages.py::test_p24_the_contact_is_a_setting_and_stands_on_the_pages_and_in_the_mails",
    ),
    _of(
        "P24",
        "mails end without the contact",
        [("imgapis/base/mail/mail.py", "Questions about privacy: {settings.CONTACT_EMAIL}", "Goodbye")],
        "test_pages.py::test_p24_every_mail_ends_with_the_contact",
    ),
)
