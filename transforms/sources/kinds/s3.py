"""Buckets of Amazon S3."""

import json
import re

from django.conf import settings

from imgapis.base.outbound import errors
from transforms.models import Source
from transforms.sources.kinds.bucket import CREDENTIALS, NAME, BucketKind
from transforms.sources.kinds.kind import Field

REGION = re.compile(r"[a-z]{2}(?:-[a-z]+){1,3}-[0-9]{1,2}")


class S3Bucket(BucketKind):
    """A bucket in a region of AWS."""

    name = "s3"
    title = "Amazon S3 bucket"
    description = "A private bucket, read with a key of yours that may do nothing else."
    fields = (
        NAME,
        Field("region", "Region", "The bucket's region, such as eu-central-1.", "Enter the bucket's region."),
        *CREDENTIALS,
    )
    region_rule = "A region reads like eu-central-1."

    def endpoint(self, region: str) -> str:
        """See BucketKind."""
        if not REGION.fullmatch(region):
            raise errors.invalid("the bucket's region is malformed")
        return settings.S3_ENDPOINT.format(region=region)

    def client_endpoint(self, source: Source) -> str:
        """See BucketKind."""
        return ""

    def policy(self, source: Source) -> str:
        """An IAM policy."""
        start = source.region.partition("-")[0]
        partition = "aws-cn" if start == "cn" else "aws-us-gov" if source.region.startswith("us-gov-") else "aws"
        resource = f"arn:{partition}:s3:::{source.bucket}/{source.prefix}*"
        statement = {"Sid": "ImgApisReads", "Effect": "Allow", "Action": "s3:GetObject", "Resource": resource}
        return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=2)

    def policy_instructions(self, source: Source) -> str:
        """See Kind."""
        return (
            "Attach this policy to an IAM user of its own, and enter that user's key here. It can read the source's"
            " pictures: no listing, no writing."
        )
