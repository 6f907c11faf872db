"""The figures that pages, docs and rules promise, by hand: tests elsewhere take them from the code, and would follow a
change of one in silence."""

import importlib

import pytest

MINUTE, HOUR, DAY = 60, 3_600, 86_400

# module → its figures: seconds, where the name says nothing else
FIGURES = {
    "accounts.decorators": {"FRESH_SECONDS": 10 * MINUTE},
    "accounts.keys.apikeys": {"MOST_KEYS": 50, "MOST_DAYS": 730, "LONGEST_NAME": 60},
    "accounts.keys.idempotency": {"LIFE_SECONDS": DAY, "RUNNING_SECONDS": MINUTE},
    "accounts.session_lifetimes": {
        "IDLE_SECONDS": 14 * DAY,
        "LONGEST_SECONDS": 30 * DAY,
        "UNSIGNED_SECONDS": DAY,
    },
    "accounts.sessions.admission": {"FREE_OF_BROWSER": 3, "FREE": 5, "WORKED": 7},
    "accounts.sessions.codes": {
        "LIFE_SECONDS": 10 * MINUTE,
        "SKEW_SECONDS": MINUTE,
        "MAIL_SECONDS": 15 * MINUTE,
        "MOST_TRIES": 3,
        "DIGITS": 8,
        "SHARED_DIGITS": 12,
        "SHARED_SECONDS": 5 * MINUTE,
        "MOST_FORMER": 3,
    },
    "accounts.sessions.throttles": {"MAILS_PER_ADDRESS": 5, "HOUR_SECONDS": HOUR, "LONGEST_QUEUE_MINUTES": 10},
    "accounts.sessions.work": {"MOST_LEVEL": 7, "LIFE_SECONDS": 30 * MINUTE, "WAIT_SECONDS": 2 * MINUTE},
    "accounts.staff.second_factor": {
        "STEP_SECONDS": 30,
        "TOLERANCE": 1,
        "MOST_TRIES": 20,
        "LOCK_SECONDS": HOUR,
        "RECOVERY_CODES": 10,
        "LIFE_SECONDS": 8 * HOUR,
    },
    "accounts.staff.staff": {"ENROL_SECONDS": DAY},
    "accounts.teams.invites": {
        "LIFE_SECONDS": 7 * DAY,
        "SWEEP_SECONDS": 30 * DAY,
        "INVITES_PER_DAY": 50,
        "MAILS_PER_INVITER": 4,
        "RESERVED_MAILS": 20,
    },
    "accounts.views.login": {"PROVED_SECONDS": 30 * MINUTE},
    "accounts.workspaces.namespaces": {"NAMESPACES_PER_PERSON": 100},
    "accounts.workspaces.workspaces": {"CLAIMS_PER_DAY": 30, "REPEAT_SECONDS": 10 * MINUTE, "LONGEST_NAME": 100},
    "billing.charging.counters": {"KEPT_SECONDS": 400 * DAY},
    "billing.notifications.notifications": {"KEPT_SECONDS": 400 * DAY},
    "billing.stripe.stripe_events": {"KEPT_SECONDS": 90 * DAY},
    "imgapis.base.mail.outbox": {"LIFE_SECONDS": 2 * DAY, "SWEEP_SECONDS": DAY},
    "imgapis.models.alerts": {"KEPT_SECONDS": 30 * DAY},
    "imgapis.models.scheduled_tasks": {"KEPT_SECONDS": 30 * DAY},
    "imgapis.policy.notices": {"AHEAD_DAYS": 14, "KEPT_SECONDS": 90 * DAY},
    "imgapis.policy.requests": {"ERASURE_DAYS": 30, "CCPA_DAYS": 45, "CONFIRM_DAYS": 10, "KEPT_SECONDS": 731 * DAY},
    "imgapis.privacy.erasure": {
        "UNDO_DAYS": 7,
        "RECOVERY_DAYS": 14,
        "DEADLINE_DAYS": 30,
        "LATEST_START_DAYS": 14,
        "SWEEP_SECONDS": DAY,
    },
    "imgapis.privacy.links": {"LIFE_SECONDS": DAY},
    "imgapis.privacy.steps": {"INVOICE_DAYS": 14, "CUSTOMER_DAYS": 20, "LIVES": ("365d", "1d")},
    "imgapis.rest_limits": {"MOST": 600, "WINDOW_SECONDS": MINUTE},
    "telemetry.events": {"LONGEST_ORIGIN": 255},
    "telemetry.recorder": {"LATEST_SECONDS": 48 * HOUR},
    "telemetry.rollups": {"MOST_ORIGINS": 500},
    "transforms.domains.custom_domains": {"PENDING_SECONDS": 3 * DAY, "PAUSE_SECONDS": 5},
    "transforms.domains.domain_checks": {"RECHECK": 20 * HOUR, "BLIND": 3 * DAY, "KEPT_AFTER_LOSS": 7 * DAY},
    "transforms.serving.cache": {
        "YEAR_SECONDS": 365 * DAY,
        "DAY_SECONDS": DAY,
        "FAULT_SECONDS": MINUTE,
        "MEMORY_SECONDS": MINUTE,
        "SKEW_SECONDS": MINUTE,
    },
    "transforms.serving.image_responses": {"FALLBACK_SECONDS": MINUTE},
    "transforms.serving.missing": {"SECONDS": MINUTE},
    "transforms.serving.purges": {"LIFE_SECONDS": 366 * DAY, "MOST_RULES": 1_000},
    "transforms.sources.kinds.bucket": {"SECONDS": MINUTE},
    "transforms.sources.lifetimes": {"SHORTEST_SECONDS": MINUTE, "LONGEST_SECONDS": 365 * DAY},
    "transforms.tenant.tenants": {"FRESH_SECONDS": 5, "STALE_SECONDS": 15 * MINUTE},
}


@pytest.mark.parametrize("name", FIGURES)
def test_a_module_has_the_figures_that_are_promised(name):
    module = importlib.import_module(name)
    assert {figure: getattr(module, figure) for figure in FIGURES[name]} == FIGURES[name]
