"""The embedded engines: ready when start returns, closed to wrong keys, and complete after `kill -9`."""

import boto3
import pytest
from botocore.exceptions import ClientError

from imgapis.devstack import engines


def client(kind: str, endpoint: str, secret: str = "embeddedsecret"):
    return boto3.client(
        kind, endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="embedded", aws_secret_access_key=secret
    )


def kill(engine) -> None:
    engine.child.process.kill()
    engine.child.process.wait()
    engine.stop()


@pytest.mark.prove
def test_tables_survive_a_kill(tmp_path):
    engine = engines.DynamoDBLocal(tmp_path / "dynamodb", logs=tmp_path)
    engine.start()
    try:
        client("dynamodb", engine.endpoint).create_table(
            TableName="kept",
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        )
        kill(engine)
        engine.start()
        assert client("dynamodb", engine.endpoint).list_tables()["TableNames"] == ["kept"]
    finally:
        engine.stop()


@pytest.mark.prove
def test_objects_survive_a_kill_and_wrong_keys_open_nothing(tmp_path):
    engine = engines.SeaweedFS(tmp_path / "buckets", logs=tmp_path)
    engine.start()
    try:
        s3 = client("s3", engine.endpoint)
        s3.create_bucket(Bucket="kept")
        s3.put_object(Bucket="kept", Key="a/b", Body=b"x" * 100_000)
        kill(engine)
        engine.start()
        assert len(s3.get_object(Bucket="kept", Key="a/b")["Body"].read()) == 100_000
        with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
            client("s3", engine.endpoint, "wrong").list_buckets()
    finally:
        engine.stop()
