"""Every line of an export is what its own schema says: types, units and reasons, judged by a validator (P17)."""

import io
import json
import zipfile
from types import SimpleNamespace

import pytest
from jsonschema import Draft202012Validator
from pynamodb.attributes import JSONAttribute, NumberAttribute

from accounts import audit
from imgapis.base.dynamo import DataHandling, declared
from imgapis.privacy import export, registry, schemas
from imgapis.tables import row_classes
from telemetry import events, rollups, sums
from telemetry.models import Rollup
from tests.telemetry.made_events import some
from transforms.access import presets
from transforms.sources import named_sources

pytestmark = pytest.mark.usefixtures("dynamodb", "bucket")
DECLARED = DataHandling("account", "until erasure")


def archives(account):
    """Both exports of an account."""
    for kind, subject in (("workspace", account.workspace_id), ("person", account.person_id)):
        yield zipfile.ZipFile(io.BytesIO(b"".join(export.stream(kind, subject))))


def judged(archive) -> int:
    """How many lines are what their schemas say; all of them, or the fault is told."""
    count = 0
    for name in (each for each in archive.namelist() if each.endswith(".jsonl")):
        schema = json.loads(archive.read(name.replace(".jsonl", ".schema.json")))
        Draft202012Validator.check_schema(schema)
        for line in archive.read(name).decode().splitlines():
            faults = [fault.message for fault in Draft202012Validator(schema).iter_errors(json.loads(line))]
            assert not faults, f"{name}: {faults}"
            count += 1
    return count


def test_every_line_of_an_account_with_everything_is_valid(everything):
    tables_in_it = {holding.row for holding in registry.HOLDINGS if export.exported(holding.row) and not holding.exempt}
    assert sum(map(judged, archives(everything))) >= len(tables_in_it)


def test_what_the_product_itself_wrote_is_valid(everything):
    """Not rows made of declarations, but sources, presets, acts, events and sums as they are written in earnest."""
    workspace_id = everything.workspace_id
    named_sources.create(workspace_id, name="real", kind="http", prefix="https://shop.example/")
    presets.save(workspace_id, "system", "real", "w=9&fit=cover")
    audit.record(workspace_id, "system", "member.changed", "p_x", {"role": "viewer"}, {"role": "admin"})
    happened = [events.to_row(one) for one in some(workspace_id, 5, 1_790_000_000, 1_790_000_600, seed=5)]
    cells = sums.of_events(happened)
    Rollup(workspace_id, "h 2026-09-21T14 real", cells=sums.pack(next(iter(cells.values())))).save()
    rollups.mark_dirty([(workspace_id, "2026-09-21T14")])
    (archive, _) = archives(everything)
    assert judged(archive) > 20


def test_every_number_has_a_unit_and_every_field_says_why_and_how_long():
    for row in row_classes.registered():
        schema = schemas.of_table(row, export.exported(row))
        for name, field in schema["properties"].items():
            assert field["description"] and field["retention"], f"{row.__name__}.{name}"
            if {"integer", "number"} & set(field.get("type", ())) or field.get("type") in ("integer", "number"):
                assert field["unit"], f"{row.__name__}.{name}"


def test_a_line_that_is_not_what_the_schema_says_is_told():
    """The judge judges: a text for a number, a field too many, one too few, a null where there is none."""
    row = next(each for each in row_classes.registered() if each.__name__ == "Member")
    judge = Draft202012Validator(schemas.of_table(row, export.exported(row)))
    good = {"workspace_id": "ws_x", "person_id": "p_x", "role": "owner", "joined": 1.5}
    assert judge.is_valid(good)
    for bad in ({"joined": "1"}, {"more": 1}, {"role": None}):
        assert not judge.is_valid(good | bad)
    assert not judge.is_valid({name: value for name, value in good.items() if name != "role"})


@pytest.mark.parametrize("attribute", [NumberAttribute, JSONAttribute])
def test_a_number_without_a_unit_and_json_without_a_shape_cannot_be_exported(attribute):
    class Made:
        """A table of a test: no real one, as tables are known by being defined."""

        Meta = SimpleNamespace(table_name="test-made")

        @classmethod
        def get_attributes(cls) -> dict:
            """Its one attribute."""
            return {"thing": declared(attribute(attr_name="thing"), "is nothing", DECLARED)}

    with pytest.raises(schemas.Untyped):
        schemas.of_table(Made, ["thing"])
