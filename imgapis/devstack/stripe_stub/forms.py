"""Stripe's form encoding, `items[0][price]=…`, read into dictionaries and lists."""

import re
from typing import Any
from urllib.parse import parse_qsl

PART = re.compile(r"[^\[\]]+")


def read(text: str) -> dict[str, Any]:
    """The parameters of a body or a query; `a[]=` and `a[0]=` are lists. Values are texts."""
    params: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        parts = PART.findall(name)
        parts += ["+"] if name.endswith("[]") else []
        node = params
        for part in parts[:-1]:
            node = node.setdefault(part, {})
        node[str(len(node)) if parts[-1] == "+" else parts[-1]] = value
    return _lists(params)


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if value and all(key.isdigit() for key in value):
        return [_lists(value[key]) for key in sorted(value, key=int)]
    return {key: _lists(item) for key, item in value.items()}
