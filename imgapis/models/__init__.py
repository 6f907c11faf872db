"""The tables of the project itself, each with its queries: policy, privacy, alerts and scheduled work."""

from imgapis.models.alerts import Alert
from imgapis.models.announcements import Announcement
from imgapis.models.backfills import Backfill
from imgapis.models.erasures import Erasure
from imgapis.models.export_links import ExportLink
from imgapis.models.notices import Notice
from imgapis.models.privacy_proofs import PrivacyProof
from imgapis.models.privacy_requests import PrivacyRequest
from imgapis.models.scheduled_tasks import ScheduledTask

__all__ = [
    "Alert",
    "Announcement",
    "Backfill",
    "Erasure",
    "ExportLink",
    "Notice",
    "PrivacyProof",
    "PrivacyRequest",
    "ScheduledTask",
]
