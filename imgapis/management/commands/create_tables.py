"""Create every table and the cache bucket; what exists stays as it is."""

from django.conf import settings
from django.core.management.base import BaseCommand

from imgapis import tables
from imgapis.base import buckets


class Command(BaseCommand):
    """`manage.py create_tables`"""

    help = "Create every DynamoDB table (on demand, TTL; PITR of 14 days on AWS) and the cache bucket. Safe to repeat."

    def handle(self, *args, **options) -> None:
        """Create what is absent and say how much that was."""
        created_count = tables.create()
        buckets.ensure_bucket(settings.CACHE_BUCKET)
        self.stdout.write(f"{created_count} tables created; the bucket {settings.CACHE_BUCKET} is there.")
