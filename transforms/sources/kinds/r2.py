"""Buckets of Cloudflare R2."""

import json
import re

from django.conf import settings
from django.utils.html import format_html

from imgapis.base.outbound import errors
from transforms.models import Source
from transforms.sources.kinds.bucket import CREDENTIALS, NAME, BucketKind
from transforms.sources.kinds.kind import Field

ACCOUNT = re.compile(r"[0-9a-f]{32}(?:\.(?:eu|fedramp))?")


class R2Bucket(BucketKind):
    """A bucket of a Cloudflare account; the source's region is the account id, with its jurisdiction if it has one."""

    name = "r2"
    title = "Cloudflare R2 bucket"
    description = "A private bucket, read with a token of yours that may do nothing else."
    fields = (
        NAME,
        Field(
            "region",
            "Account id",
            "32 characters of 0-9 and a-f, on the R2 page of Cloudflare's dashboard; with .eu or .fedramp after it"
            " for a bucket in a jurisdiction.",
            "Enter the account id.",
        ),
        *CREDENTIALS,
    )
    region_rule = "An account id is 32 characters of 0-9 and a-f, with .eu or .fedramp after it in a jurisdiction."
    can_deny_listing = False

    def endpoint(self, region: str) -> str:
        """See BucketKind."""
        if not ACCOUNT.fullmatch(region):
            raise errors.invalid("the bucket's account is malformed")
        return settings.R2_ENDPOINT.format(account=region)

    def signing_region(self, region: str) -> str:
        """See BucketKind."""
        return "auto"

    def policy(self, source: Source) -> str:
        """The policy of an API token. Cloudflare has nothing narrower than reading one bucket, which allows listing
        it."""
        account, _, jurisdiction = source.region.partition(".")
        resource = f"com.cloudflare.edge.r2.bucket.{account}_{jurisdiction or 'default'}_{source.bucket}"
        group = {"name": "Workers R2 Storage Bucket Item Read"}
        token_policy = {"effect": "allow", "permission_groups": [group], "resources": {resource: "*"}}
        return json.dumps(token_policy, indent=2)

    def policy_instructions(self, source: Source) -> str:
        """See Kind."""
        return format_html(
            "In Cloudflare's dashboard, make an R2 token with the permission <b>Object Read only</b> for the bucket"
            " <code>{}</code> alone. As a policy of an API token it reads:",
            source.bucket,
        )
