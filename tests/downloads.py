"""`python -m tests.downloads [corpora]`: fetch what the tests read, since no test itself reaches a registry.

The engines, the photographs and Stripe's OpenAPI document; with `corpora` Pillow's own test pictures too (47 MB).
"""

import argparse
import sys

from imgapis.devstack import downloads, failures, photographs
from tests.billing import stripe_spec
from tests.transforms import pillow_pictures


def fetch(corpora: bool) -> None:
    """Make everything present. SetupError where something cannot be fetched."""
    downloads.fetch()
    photographs.ensure(downloads.ROOT / "var" / "samples")
    stripe_spec.document()
    if corpora:
        pillow_pictures.files()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.downloads")
    parser.add_argument("corpora", nargs="?", choices=["corpora"], help="Pillow's own test pictures too")
    options = parser.parse_args()
    sys.exit(failures.exit_status(lambda: fetch(bool(options.corpora))))
