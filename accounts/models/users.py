"""The unmanaged user that stock Django knows."""

from django.db import models

from accounts.models.people import Person


class User(models.Model):
    """The user stock Django sees: unmanaged, read from the `people` table by the authentication backend."""

    person_id = models.CharField(primary_key=True, max_length=40)
    email = models.EmailField(unique=True)
    is_staff = models.BooleanField(default=False)
    session_round = models.IntegerField(default=0)
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ()
    is_active = True
    is_anonymous = False
    is_authenticated = True

    class Meta:
        managed = False

    @classmethod
    def of(cls, row: Person) -> "User":
        """The user of a person."""
        return cls(
            person_id=row.person_id, email=row.email, is_staff=row.is_staff, session_round=int(row.session_round)
        )

    def get_username(self) -> str:
        """The name Django shows: the opaque id, never the address."""
        return self.person_id

    def get_session_auth_hash(self) -> str:
        """What Django compares with each request: a session of an earlier round is no longer this person's. It needs
        no secret, because sessions are rows of ours."""
        return f"round {self.session_round}"

    def get_session_auth_fallback_hash(self) -> tuple[str, ...]:
        """None: the round hangs on no server key that could be rotated."""
        return ()
