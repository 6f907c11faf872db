"""Signed addresses through the front door: only what was signed is answered, and nothing else costs anything."""

import json
import random
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import pytest

from accounts.models import workspaces
from billing.charging import ledger
from imgapis.base import clock
from imgapis.base.errors import EditConflict
from tests import environment
from tests.transforms.signer import signature, signed
from tests.transforms.web_client import ask
from transforms.access import signing, signing_keys
from transforms.engine.request.query import Query
from transforms.tenant import tenants

SIGNATURES = environment.count(10, 100, 1_000)
VARIANTS = environment.count(200, 1_000, 10_000)
PICTURE = "/transform?src=shop/shoe.jpg&w=80"
pytestmark = pytest.mark.usefixtures("web")


@pytest.fixture
def key(workspace) -> str:
    """The workspace's signing key, now that it asks for signatures."""
    return signing_keys.turn_on(workspace, "system")


def code(reply) -> str:
    """The problem's code, or the status of what is none."""
    return json.loads(reply.body)["code"] if reply.status >= 400 else str(reply.status)


def used(row) -> int:
    return sum(proof.used for proof in ledger.prove(row.workspace_id))


def test_a_signed_address_is_answered_and_an_unsigned_one_is_not(workspace, key):
    assert code(ask(workspace.namespace, PICTURE)) == "signature_missing"
    assert code(ask(workspace.namespace, signed(key, PICTURE))) == "200"


def _cases(key: str) -> dict[str, tuple[str, str]]:
    valid_address = signed(key, PICTURE)
    other_key = f"{key.partition('.')[0]}.{'x' * 43}"
    encoded = "/transform?src=shop%2Fshoe.jpg&w=80"
    by_path = "/transform/shop/any/a%2Fb.jpg?w=80"
    grid = signed(key, "/grid?src=shop/shoe.jpg&src=shop/hat.png&w=80&h=40")
    double_encoded = signed(key, PICTURE).replace("src=shop/shoe.jpg", "src=shop%252Fshoe.jpg")
    return {
        "right": (valid_address, "200"),
        "another secret": (signed(other_key, PICTURE), "signature_invalid"),
        "another key id": (valid_address.replace("sig=", "sig=00"), "signature_invalid"),
        "cut short": (valid_address[:-1], "signature_invalid"),
        "empty": (PICTURE + "&sig=", "signature_missing"),
        "reordered": ("/transform?w=80&" + valid_address.partition("?")[2].replace("&w=80", ""), "200"),
        "another value": (valid_address.replace("w=80", "w=81"), "signature_invalid"),
        "one more parameter": (valid_address + "&blur=2", "signature_invalid"),
        "another endpoint": (
            valid_address.replace("/transform", "/info/metadata").replace("&w=80", ""),
            "signature_invalid",
        ),
        "other escapes": (signed(key, encoded).replace("%2F", "/"), "signature_invalid"),
        "escapes in the path": (signed(key, by_path).replace("%2F", "/"), "signature_invalid"),
        "escapes as signed": (signed(key, by_path), "200"),
        "encoded twice": (double_encoded, "signature_invalid"),
        "a grid's sources swapped": (
            grid.replace("src=shop/shoe.jpg&src=shop/hat.png", "src=shop/hat.png&src=shop/shoe.jpg"),
            "signature_invalid",
        ),
        "two signatures": (valid_address + "&sig=" + valid_address.rpartition("=")[2], "duplicate_parameter"),
        "expired": (signed(key, PICTURE + "&exp=1000000000"), "signature_expired"),
        "expiry moved": (signed(key, PICTURE + "&exp=1000000000").replace("exp=1", "exp=3"), "signature_invalid"),
        "expiry malformed": (signed(key, PICTURE + "&exp=tomorrow"), "invalid_parameter"),
    }


@pytest.mark.parametrize("case", list(_cases("a.b")))
def test_what_was_not_signed_so_is_refused(workspace, key, case):
    """C2: imgproxy's table of cases, and ours."""
    address, expected = _cases(key)[case]
    assert code(ask(workspace.namespace, address)) == expected


def test_another_workspaces_key_signs_nothing_here(workspace, stranger, key):
    """C2"""
    other_key = signing_keys.turn_on(stranger, "system")
    assert code(ask(workspace.namespace, signed(other_key, PICTURE))) == "signature_invalid"
    mixed_key = f"{key.partition('.')[0]}.{other_key.partition('.')[2]}"
    assert code(ask(workspace.namespace, signed(mixed_key, PICTURE))) == "signature_invalid"


@pytest.mark.counted
def test_one_bit_of_a_signature_decides(workspace, key):
    """C2: every bit of each signature here, one of each through the front door."""
    tenant = tenants.of_row(workspace, workspace.namespace)
    generator = random.Random(4)
    addresses = []
    for number in range(SIGNATURES):
        query = f"src=shop/any/{number}.jpg&w=80"
        full_signature = signature(key, f"/transform?{query}").encode()
        accepted = [candidate for candidate in _flips(full_signature) if _passes(tenant, query, candidate)]
        assert accepted == [] and _passes(tenant, query, full_signature)
        addresses.append(f"/transform?{query}&sig={quote(generator.choice(_flips(full_signature)))}")
    with ThreadPoolExecutor(16) as threads:
        replies = list(threads.map(lambda address: ask(workspace.namespace, address), addresses))
    # What is no longer a text is no signature at all.
    assert {code(reply) for reply in replies} <= {"signature_invalid", "signature_missing"}


def _flips(text: bytes) -> list[bytes]:
    number = int.from_bytes(text, "big")
    return [(number ^ 1 << bit).to_bytes(len(text), "big") for bit in range(len(text) * 8)]


def _passes(tenant, query: str, sig: bytes) -> bool:
    try:
        signing.check(tenant, "/transform", Query.parse(f"{query}&sig={quote(sig)}"), clock.now())
    except (signing.SignatureInvalid, signing.SignatureMissing):
        return False
    return True


@pytest.mark.counted
def test_an_outsider_spends_nothing_where_addresses_are_signed(workspace, key, origin):
    """C1"""
    assert ask(workspace.namespace, signed(key, PICTURE)).status == 200
    signed_address = signed(key, PICTURE)
    fetches_before, charged_before = sum(origin.requests.values()), used(workspace)
    with ThreadPoolExecutor(16) as threads:
        variants = (signed_address.replace("w=80", f"w={width}") for width in range(81, 81 + VARIANTS))
        statuses = set(threads.map(lambda address: ask(workspace.namespace, address).status, variants))
    assert statuses == {403}
    assert (sum(origin.requests.values()), used(workspace)) == (fetches_before, charged_before)


def test_the_signature_is_looked_at_before_the_cache(workspace, key):
    """K6"""
    assert ask(workspace.namespace, signed(key, PICTURE)).headers["x-img-cache"] == "MISS"
    assert code(ask(workspace.namespace, PICTURE)) == "signature_missing"
    assert ask(workspace.namespace, PICTURE, "HEAD").status == 403


def test_neither_signature_nor_expiry_is_in_a_cache_key_or_a_claim(workspace, key):
    new_key = signing_keys.rotate(workspace, "system")
    until = int(clock.now()) + 600
    addresses = (signed(key, PICTURE), signed(new_key, PICTURE), signed(key, f"{PICTURE}&exp={until}"))
    replies = [ask(workspace.namespace, address) for address in addresses]
    assert [reply.headers["x-img-cache"] for reply in replies] == ["MISS", "HIT", "HIT"]
    assert len({reply.headers["etag"] for reply in replies}) == 1 and used(workspace) == 2


def test_an_answer_lives_no_longer_than_its_signature(workspace, key):
    until = int(clock.now()) + 600
    for _ in ("miss", "hit"):
        cache_control = ask(workspace.namespace, signed(key, f"{PICTURE}&exp={until}")).headers["cache-control"]
        seconds = int(cache_control.removeprefix("public, max-age="))
        assert 590 <= seconds <= until - clock.now() + 1
    assert ask(workspace.namespace, signed(key, PICTURE)).headers["cache-control"].endswith("immutable")


def test_refusals_are_not_stored_and_cost_nothing(workspace, key):
    reply = ask(workspace.namespace, PICTURE)
    assert (reply.status, reply.headers["cache-control"], reply.headers["x-img-credits"]) == (403, "no-store", "0")


def test_a_quote_follows_the_same_rules(workspace, key):
    assert code(ask(workspace.namespace, "/explain" + PICTURE)) == "signature_missing"
    reply = ask(workspace.namespace, "/explain" + signed(key, PICTURE))
    assert (reply.status, json.loads(reply.body)["credits"]) == (200, "1")


def test_where_signing_is_off_signatures_are_not_looked_at(workspace):
    reply = ask(workspace.namespace, f"{PICTURE}&sig=any.thing&exp=3000000000&policy=x")
    assert (reply.status, ask(workspace.namespace, PICTURE).headers["x-img-cache"]) == (200, "HIT")


def test_both_keys_are_live_during_a_rotation_and_the_third_ends_the_first(workspace):
    """C2"""
    first = signing_keys.turn_on(workspace, "system")
    second = signing_keys.rotate(workspace, "system")
    assert {code(ask(workspace.namespace, signed(key, PICTURE))) for key in (first, second)} == {"200"}
    third = signing_keys.rotate(workspace, "system")
    tenant = tenants.of_row(workspace, workspace.namespace)
    assert [_passes_whole(tenant, key) for key in (first, second, third)] == [False, True, True]
    signing_keys.end(workspace, "system", second.partition(".")[0])
    tenant = tenants.of_row(workspace, workspace.namespace)
    assert [_passes_whole(tenant, key) for key in (second, third)] == [False, True]


def _passes_whole(tenant, key: str) -> bool:
    return _passes(tenant, PICTURE.partition("?")[2], signature(key, PICTURE).encode())


def test_the_last_key_cannot_end_while_signatures_are_asked_for(workspace, key):
    with pytest.raises(signing_keys.NoSigningKey):
        signing_keys.end(workspace, "system", key.partition(".")[0])


def test_of_two_rotations_at_once_one_is_told(workspace, key):
    first_row = workspaces.find(workspace.workspace_id)
    second_row = workspaces.find(workspace.workspace_id)
    signing_keys.rotate(first_row, "system")
    with pytest.raises(EditConflict):
        signing_keys.rotate(second_row, "system")


def test_secrets_are_sealed_at_rest(workspace, key):
    row = workspaces.find(workspace.workspace_id)
    assert key.partition(".")[2] not in json.dumps(row.signing_keys)
