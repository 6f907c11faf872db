"""The former name of `migrate_tables`."""

from imgapis.management.commands import migrate_tables


class Command(migrate_tables.Command):
    """`manage.py create_tables`"""

    help = "The former name of migrate_tables."
