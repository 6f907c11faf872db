"""The announcements of policy versions, and of changes of the rules of credits."""

from pynamodb.attributes import UnicodeAttribute

from imgapis.base import dynamo
from imgapis.base.dynamo import DataHandling, declared
from imgapis.base.measures import Moment

ABOUT_NOBODY = DataHandling("none", "as long as the policy", exported=False, erased=False)


class Announcement(dynamo.Row):
    """A policy version, or a change of the rules of credits, that people are told of: when it takes effect, and whether
    everybody has been told (P23)."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("announcements")

    version = declared(UnicodeAttribute(hash_key=True), "names the version", ABOUT_NOBODY)
    effective = declared(UnicodeAttribute(), "the day it takes effect; moves later when a mail is late", ABOUT_NOBODY)
    begun = declared(Moment(), "accounts older than this are told", ABOUT_NOBODY)
    completed = declared(Moment(default=0), "when everybody had been told", ABOUT_NOBODY)


def find(version: str) -> Announcement | None:
    """The announcement of a version."""
    return Announcement.find(version)


def announce(version: str, effective: str, begun: float) -> Announcement:
    """Create the announcement of a version, or return the existing one."""
    row = Announcement(version, effective=effective, begun=begun)
    row.save_if(Announcement.is_absent())
    return Announcement.get(version, consistent_read=True)


def move_effect(version: str, effective: str) -> None:
    """Move the day a version takes effect; an earlier day is ignored."""
    is_later = Announcement.is_present() & (Announcement.effective < effective)
    Announcement(version).update_if(is_later, effective=effective)


def complete(version: str, moment: float) -> None:
    """Record when everybody had been notified; a time already recorded stays."""
    is_first = Announcement.is_present() & (Announcement.completed == 0)
    Announcement(version).update_if(is_first, completed=moment)
