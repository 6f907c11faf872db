"""The least-privilege policy for a customer's key, in the format of the bucket's service."""

import json

from transforms.models import Source


def least(source: Source) -> str:
    """The policy to paste: for S3 an IAM policy, for R2 the policy of an API token. Empty for a web server."""
    if source.kind == "s3":
        return json.dumps(_iam(source), indent=2)
    return json.dumps(_token(source), indent=2) if source.kind == "r2" else ""


def _iam(source: Source) -> dict:
    start = source.region.partition("-")[0]
    partition = "aws-cn" if start == "cn" else "aws-us-gov" if source.region.startswith("us-gov-") else "aws"
    resource = f"arn:{partition}:s3:::{source.bucket}/{source.prefix}*"
    statement = {"Sid": "ImgApisReads", "Effect": "Allow", "Action": "s3:GetObject", "Resource": resource}
    return {"Version": "2012-10-17", "Statement": [statement]}


def _token(source: Source) -> dict:
    """Cloudflare has nothing narrower than reading one bucket, which allows listing it."""
    account, _, jurisdiction = source.region.partition(".")
    resource = f"com.cloudflare.edge.r2.bucket.{account}_{jurisdiction or 'default'}_{source.bucket}"
    group = {"name": "Workers R2 Storage Bucket Item Read"}
    return {"effect": "allow", "permission_groups": [group], "resources": {resource: "*"}}
