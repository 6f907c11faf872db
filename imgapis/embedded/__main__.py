"""`python -m imgapis.embedded fetch`: make the embedded engines and the photographs present before the tests.

`python -m imgapis.embedded model` fetches only the weights of background removal and of face detection, which
production needs too.
"""

import argparse
import sys

from imgapis.embedded import downloads, failures, samples


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m imgapis.embedded")
    parser.add_argument("action", choices=["fetch", "model"])
    action = parser.parse_args().action
    try:
        if action == "fetch":
            downloads.fetch()
            samples.ensure(downloads.ROOT / "var" / "samples")
        else:
            downloads.models()
    except failures.SetupError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
