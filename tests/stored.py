"""What DynamoDB holds, read raw, so that it is found whatever the models know of it."""

import http.client
import json
from collections.abc import Iterator

from imgapis.base import dynamo
from tests import environment

HEADERS = {
    "Content-Type": "application/x-amz-json-1.0",
    "X-Amz-Target": "DynamoDB_20120810.Scan",
    # DynamoDB Local reads the key and the region, and checks no signature.
    "Authorization": "AWS4-HMAC-SHA256 Credential=embedded/20260101/us-east-1/dynamodb/aws4_request, "
    "SignedHeaders=host, Signature=none",
}


def pages(table: str) -> Iterator[bytes]:
    """The answers to a consistent scan of a table."""
    request: dict = {"TableName": table, "ConsistentRead": True}
    connection = http.client.HTTPConnection("127.0.0.1", environment.DYNAMODB_PORT, timeout=60)
    try:
        while True:
            connection.request("POST", "/", json.dumps(request), HEADERS)
            response = connection.getresponse()
            body = response.read()
            assert response.status == 200, body
            yield body
            position = body.rfind(b'"LastEvaluatedKey"')
            if position < 0:
                return
            request["ExclusiveStartKey"] = json.loads(body)["LastEvaluatedKey"]
    finally:
        connection.close()


def items(table: str, *words: str) -> list[dict]:
    """The items of a table in which one of some words stands, in DynamoDB's own JSON."""
    matching = []
    for body in pages(table):
        if any(word.encode() in body for word in words):
            matching += [
                item
                for item in json.loads(body)["Items"]
                if any(word in json.dumps(item, ensure_ascii=False) for word in words)
            ]
    return matching


def delete(row: type[dynamo.Row], matching: list[dict]) -> None:
    """Delete items of a table."""
    names = [row._hash_keyname, *filter(None, [row._range_keyname])]
    for item in matching:
        key = {name: item[name] for name in names}
        dynamo.connection().client.delete_item(TableName=row.Meta.table_name, Key=key)
