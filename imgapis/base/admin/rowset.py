"""A table as the queryset the stock admin works with: filters become a get, a query or an index query where a key or
an index serves them; only where none does, the table is read piece by piece, for a bounded time.
"""

import time
from collections.abc import Callable, Collection, Iterator
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from django.core.exceptions import FieldError, MultipleObjectsReturned
from django.db.models import DateTimeField, Q
from pynamodb.attributes import NumberAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.indexes import Index
from pynamodb.pagination import ResultIterator

from imgapis.base import cursors
from imgapis.base.admin import mirrors
from imgapis.base.admin.mirrors import RowModel
from imgapis.base.dynamo import Row

SCAN_SECONDS = 2.0
PIECE = 1_000
MOST = 1_000  # rows a list without a page holds at most
LOOKUPS = {
    "exact": lambda attribute, value: attribute == value,
    "gt": lambda attribute, value: attribute > value,
    "gte": lambda attribute, value: attribute >= value,
    "lt": lambda attribute, value: attribute < value,
    "lte": lambda attribute, value: attribute <= value,
    "startswith": lambda attribute, value: attribute.startswith(value),
    "contains": lambda attribute, value: attribute.contains(value),
    "in": lambda attribute, value: attribute.is_in(*value),
    "isnull": lambda attribute, value: attribute.does_not_exist() if value else attribute.exists(),
}


# A RowSet where Django's annotations say QuerySet: it has what the stock admin asks of one, and is none.
AdminQuerySet: TypeAlias = Any


class NotSupported(FieldError):
    """What no table can be asked: joins, expressions, alternatives, excluding."""


@dataclass
class RowPage:
    """Some rows of a list, the cursor to the next, and whether the time was up before the page was full."""

    rows: list[RowModel]
    cursor: str | None
    cut_short: bool = False


@dataclass
class Query:
    """What the stock admin reads of a queryset's query."""

    order_by: tuple[str, ...] = ()
    select_related: bool = True  # tells the change list to leave it alone
    where: tuple = ()


@dataclass
class RowSet:
    """The rows of one model: filtered, ordered, sliced; read when iterated."""

    model: type[RowModel]
    conditions: tuple[tuple[str, str, Any], ...] = ()
    descending: bool = False
    lookup: Callable[[], list[Row]] | None = None  # rows that a look-up of the model's own knows how to find
    query: Query = field(default_factory=Query)
    db: str = "default"
    ordered: bool = True

    # --- what the stock admin asks of a queryset ---

    def all(self) -> "RowSet":
        """A copy."""
        return copy(self)

    _clone = all

    def using(self, alias: str | None) -> "RowSet":
        """There is one store."""
        return self.all()

    def distinct(self, *names: str) -> "RowSet":
        """No table holds a row twice."""
        return self.all()

    def filter(self, *conditions: Q, **lookups: Any) -> "RowSet":
        """Only the rows that meet every condition. Raises NotSupported for what no table can be asked."""
        filtered, parts = self.all(), [*lookups.items()]
        for condition in conditions:
            parts += _flat(condition)
        filtered.conditions += tuple(self._lookup(name, value) for name, value in parts)
        return filtered

    def order_by(self, *names: str) -> "RowSet":
        """By the second half of the key, either way; a table knows no other order."""
        ordered = self.all()
        ordered.descending = bool(names) and str(names[0]).startswith("-")
        ordered.query = Query(tuple(names))
        return ordered

    def get(self, *conditions: Q, **lookups: Any) -> RowModel:
        """The one row. Raises the model's DoesNotExist, or MultipleObjectsReturned."""
        rows = list(self.filter(*conditions, **lookups))
        if len(rows) > 1:
            raise MultipleObjectsReturned(f"{len(rows)} rows of {self.model.__name__} fit.")
        if not rows:
            raise self.model.DoesNotExist(f"No row of {self.model.__name__} fits.")
        return rows[0]

    def exists(self) -> bool:
        """Whether any row fits."""
        return bool(self.page(1).rows)

    def count(self) -> int:
        """How many rows fit, of what a list without a page reads: never of a whole large table."""
        return len(self)

    def __iter__(self) -> Iterator[RowModel]:
        return iter(self.page(MOST).rows)

    def __len__(self) -> int:
        return len(self.page(MOST).rows)

    def __getitem__(self, index: int | slice) -> Any:
        return self.page(MOST).rows[index]

    # --- how it is read ---

    @property
    def access_path(self) -> str:
        """How the rows are found: `key`, `query`, `index`, `lookup` or `scan`."""
        if self.lookup:
            return "lookup"
        exact = {name for name, lookup, _ in self.conditions if lookup == "exact"}
        if any(name == "key" for name, *_ in self.conditions):
            return "key"
        names = mirrors.keys_of(self.model.row_class)
        if exact.issuperset(names):
            return "key"
        if names[0] in exact:
            return "query"
        return "index" if self._index(exact) else "scan"

    def page(self, size: int, cursor: str | None = None) -> RowPage:
        """Up to `size` rows after a cursor. A scan stops after SCAN_SECONDS with the rows so far and a cursor to
        continue."""
        if self.access_path in ("key", "lookup"):
            candidates = self.lookup() if self.lookup else self._by_key()
            return RowPage([self.model.of(row) for row in candidates if self._fits(row)][:size], None)
        pages = self._read(cursors.decode(self._name, cursor)).page_iter
        rows: list[RowModel] = []
        started_at, last_key = time.monotonic(), None
        for response in pages:
            remaining, last_key = size - len(rows), pages.last_evaluated_key
            items = response["Items"]
            if len(items) > remaining:
                items, last_key = items[:remaining], {name: items[remaining - 1][name] for name in pages.key_names}
            rows += [self.model.of(self.model.row_class.from_raw_data(item)) for item in items]
            if len(rows) == size or time.monotonic() - started_at > SCAN_SECONDS:
                break
        return RowPage(rows, cursors.encode(self._name, last_key), cut_short=last_key is not None and len(rows) < size)

    @property
    def _name(self) -> str:
        """Names the list in its cursors, so that none leads into another."""
        return f"admin {self.model.__name__} {self.descending} {self.conditions!r}"

    def _index(self, exact: set[str]) -> Index | None:
        for index in self.model.row_class._indexes.values():
            if index._hash_key_attribute().attr_name in exact:
                return index
        return None

    def _read(self, start_key: dict[str, Any] | None) -> ResultIterator[Row]:
        """An iterator over the rows after `start_key`, one page of the store at a time."""
        row_class = self.model.row_class
        if self.access_path == "scan":
            return row_class.scan(self._condition(), page_size=PIECE, last_evaluated_key=start_key)
        exact = {name: value for name, lookup, value in self.conditions if lookup == "exact"}
        index = self._index(set(exact)) if self.access_path == "index" else None
        hash_key = index._hash_key_attribute().attr_name if index else mirrors.keys_of(row_class)[0]
        range_key = None if index else ([*mirrors.keys_of(row_class), None])[1]
        return (index or row_class).query(
            exact[hash_key],
            self._condition({range_key}, only=True),
            self._condition({hash_key, range_key}),
            scan_index_forward=not self.descending,
            page_size=PIECE,
            last_evaluated_key=start_key,
        )

    def _condition(self, names: Collection[str | None] = (), only: bool = False) -> Condition | None:
        """The wanted lookups as one condition: those of the named attributes only, or all but those."""
        condition = None
        for name, lookup, value in self.conditions:
            if (name in names) is not only:
                continue
            clause = LOOKUPS[lookup](getattr(self.model.row_class, name), value)
            condition = clause if condition is None else condition & clause
        return condition

    def _by_key(self) -> list[Row]:
        """The rows of the keys in the filters, read consistently in one batch."""
        texts = [text for name, lookup, value in self.conditions if name == "key" for text in _many(lookup, value)]
        if not texts:
            exact = {name: value for name, lookup, value in self.conditions if lookup == "exact"}
            texts = [mirrors.BETWEEN.join(str(exact[name]) for name in mirrors.keys_of(self.model.row_class))]
        keys = [key for key in (mirrors.key_values(self.model.row_class, str(text)) for text in texts) if key]
        batch_keys = [key if len(key) > 1 else key[0] for key in dict.fromkeys(keys)]
        return list(self.model.row_class.batch_get(batch_keys, consistent_read=True)) if batch_keys else []

    def _fits(self, row: Row) -> bool:
        """Whether a row that was read by its key meets the other conditions too."""
        return all(
            _matches(getattr(row, name), lookup, value) for name, lookup, value in self.conditions if name != "key"
        )

    def _lookup(self, path: str, value: Any) -> tuple[str, str, Any]:
        name, _, lookup = path.partition("__")
        name, lookup = ("key" if name == "pk" else name), lookup or "exact"
        if lookup not in LOOKUPS or name not in ("key", *self.model.mirrored):
            raise NotSupported(f"{path} cannot be asked of {self.model.__name__}.")
        if name != "key" and lookup not in ("in", "isnull"):
            value = self._stored(name, value)
        return name, lookup, value

    def _stored(self, name: str, value: Any) -> Any:
        """A value as the table stores it: a timestamp is a number of seconds, whatever a date filter passes."""
        model_field = mirrors.field_of(self.model, name)
        if not isinstance(model_field, DateTimeField):
            return model_field.to_python(value)
        moment = value if isinstance(value, int | float) else model_field.to_python(value)
        is_number = isinstance(self.model.row_class.get_attributes()[name], NumberAttribute)
        return moment.timestamp() if is_number and isinstance(moment, datetime) else moment


def _flat(condition: Q) -> list[tuple[str, Any]]:
    """A condition's parts, all of which must hold. Raises NotSupported for alternatives, negations and expressions."""
    if condition.negated or (condition.connector != Q.AND and len(condition.children) > 1):
        raise NotSupported("A table can be asked for all of some conditions, not for either of them.")
    parts: list[tuple[str, Any]] = []
    for child in condition.children:
        if isinstance(child, Q):
            parts += _flat(child)
        elif isinstance(child, tuple):
            name, value = child
            parts.append((name, value))
        else:
            raise NotSupported("A table can be asked for the values of attributes, not for an expression.")
    return parts


def _many(lookup: str, value: Any) -> list[Any]:
    return list(value) if lookup == "in" else [value]


def _matches(value: Any, lookup: str, operand: Any) -> bool:
    """Whether a value meets a lookup, evaluated in memory."""
    if lookup == "isnull":
        return (value is None) is bool(operand)
    if lookup == "in":
        return value in operand
    if value is None:
        return False
    return {
        "exact": lambda: value == operand,
        "gt": lambda: value > operand,
        "gte": lambda: value >= operand,
        "lt": lambda: value < operand,
        "lte": lambda: value <= operand,
        "startswith": lambda: str(value).startswith(operand),
        "contains": lambda: operand in value,
    }[lookup]()
