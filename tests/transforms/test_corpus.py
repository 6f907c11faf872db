"""Files that broke decoders before: Pillow's own test pictures through the front door; in `make soak` all of them."""

import random
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from accounts.models import workspaces
from billing.charging import ledger
from tests import environment
from tests.transforms import pillow_pictures, web_processes
from tests.transforms.web_client import ask

SHARE = environment.count(10, 10, 1)
THREADS = 3
pytestmark = [pytest.mark.prove, pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")]


def sample() -> list[Path]:
    """The corpus, or a seeded tenth of it."""
    files = pillow_pictures.files()
    return random.Random(2).sample(files, len(files) // SHARE)


def test_no_file_of_pillows_corpus_breaks_the_server(web, origin, workspace):
    """I2, R1: a picture or a refusal for each, by the same processes; only pictures are charged."""
    files = sample()
    row = workspaces.find(workspace.workspace_id)
    workspaces.change(row, allowance=2 * len(files))
    origin.pictures |= {f"/corpus/{number}": file.read_bytes() for number, file in enumerate(files)}
    before = web_processes.pids()
    with ThreadPoolExecutor(THREADS) as threads:
        replies = list(
            threads.map(
                lambda number: ask(workspace.namespace, f"/transform?src=shop/corpus/{number}&w=64"), range(len(files))
            )
        )
    answers = list(zip(files, replies, strict=True))
    failures = [(file.name, reply.status, reply.body[:200]) for file, reply in answers if reply.status >= 500]
    counts = Counter(reply.status for reply in replies)
    print(f"{len(files)} files: {dict(counts)}")
    assert not failures
    assert not [file.name for file, reply in answers if b"render_crashed" in reply.body]
    assert web_processes.pids() == before
    assert set(counts) <= {200, 413, 415, 422} and counts[200] > len(files) // 4
    proofs = ledger.prove(workspace.workspace_id)
    assert all(proof.is_valid for proof in proofs) and sum(proof.used for proof in proofs) == 2 * counts[200]
