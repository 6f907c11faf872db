"""How verify_privacy has its account erased: as the owner would, at once."""

from accounts.models import workspaces
from accounts.people import people
from imgapis.models import erasures
from imgapis.privacy import erasure


def erase(email: str, namespace: str) -> bool:
    """Erase a person and their workspace at once and return when every store has confirmed the first sweep. False
    where nothing was erased: the checks after an erasure are then skipped."""
    person, workspace = people.of_email(email), workspaces.of_namespace(namespace)
    if person is None or workspace is None:
        return False
    subjects = (("workspace", workspace.workspace_id), ("person", person.person_id))
    for kind, subject_id in subjects:
        erasure.request(kind, subject_id, at_once=True)
        erasure.process_due()
    return all(erasures.require(subject_id).state in ("swept", "done") for _, subject_id in subjects)
