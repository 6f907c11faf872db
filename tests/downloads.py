"""`python -m tests.downloads [corpora]`: fetch what the tests read, since no test itself reaches a registry.

The engines, the photographs and Stripe's OpenAPI document; with `corpora` Pillow's own test pictures too (47 MB).
"""

import argparse
import sys

from imgapis.devstack import downloads, failures, photographs
from tests.billing import stripe_spec
from tests.transforms import pillow_pictures


def main(argv: list[str]) -> int:
    """The exit status: 1 with a sentence where something cannot be fetched."""
    parser = argparse.ArgumentParser(prog="tests.downloads", description="Fetch what the tests read.")
    parser.add_argument("corpora", nargs="?", choices=["corpora"], help="Pillow's own test pictures too")
    options = parser.parse_args(argv)
    try:
        downloads.fetch()
        photographs.ensure(downloads.ROOT / "var" / "samples")
        stripe_spec.document()
        if options.corpora:
            pillow_pictures.files()
    except failures.SetupError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
