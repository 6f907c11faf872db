"""The authentication backend: `request.user` out of the `people` table.

Its dotted path is stored in every session that is signed in: a move would sign everybody out.
"""

from typing import Any

from django.http import HttpRequest

from accounts.models import User, people


class StoreBackend:
    """Finds users by id; how a person proves who they are is the login's affair."""

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> None:
        """No password opens an account here."""
        return

    def get_user(self, person_id: str) -> User | None:
        """The user of an id, read anew with each request."""
        person = people.find(person_id)
        return User.of(person) if person else None
