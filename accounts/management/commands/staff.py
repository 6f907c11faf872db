"""Support staff from the shell."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.staff import staff, staff_rights
from imgapis.base.errors import ApiError


class Command(BaseCommand):
    """`manage.py staff add ann@example.com --role support`"""

    help = "Add, reset, remove or list support staff. They set up their second factor at /admin/ within a day."

    def add_arguments(self, parser: CommandParser) -> None:
        """What the command accepts."""
        parser.add_argument("verb", choices=("add", "reset", "remove", "list"))
        parser.add_argument("address", nargs="?", default="")
        parser.add_argument("--role", choices=staff_rights.ROLES, default="support")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it, and say what comes next."""
        if options["verb"] == "list":
            for row in staff.list_all():
                self.stdout.write(f"{row.person_id} {row.role} {'enrolled' if row.enrolled else 'not enrolled'}")
            return
        if not options["address"]:
            raise CommandError(f"staff {options['verb']} needs the address of a person.")
        try:
            if options["verb"] == "add":
                staff.add(options["address"], options["role"])
            elif options["verb"] == "reset":
                staff.reset(options["address"])
            else:
                staff.remove(options["address"])
        except ApiError as refusal:
            raise CommandError(f"{options['address']}: {refusal.message}") from refusal
        next_step = "removed" if options["verb"] == "remove" else "set up the second factor at /admin/ within a day"
        self.stdout.write(f"{options['address']}: {next_step}")
