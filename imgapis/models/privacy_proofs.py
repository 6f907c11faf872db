"""The last result of verify_privacy."""

from pynamodb.attributes import JSONAttribute, UnicodeAttribute
from pynamodb.exceptions import DoesNotExist

from imgapis.base import dynamo
from imgapis.base.dynamo import DataHandling, declared
from imgapis.base.measures import Moment

PROOF = DataHandling("none", "until the next one", exported=False, erased=False)
VERIFY = "verify_privacy"


class PrivacyProof(dynamo.Row):
    """The last result of verify_privacy: for /privacy and /status, about nobody."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("privacy-proofs")

    name = declared(UnicodeAttribute(hash_key=True), "names the proof", PROOF)
    moment = declared(Moment(), "when it was made", PROOF)
    checks = declared(JSONAttribute(), "each check: held, broken or not looked at", PROOF)


def last() -> PrivacyProof | None:
    """The last result of verify_privacy."""
    try:
        return PrivacyProof.get(VERIFY)
    except DoesNotExist:
        return None


def save(moment: float, checks: dict[str, str]) -> None:
    """Store a result of verify_privacy (check → state), unless a newer one is stored."""
    is_older = PrivacyProof.is_absent() | (PrivacyProof.moment <= moment)
    PrivacyProof(VERIFY).update_if(is_older, moment=moment, checks=checks)
