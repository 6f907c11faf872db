"""`python -m imgapis.devstack model`: fetch the weights of background removal and of face detection for production."""

import argparse
import sys

from imgapis.devstack import downloads, failures


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m imgapis.devstack")
    parser.add_argument("action", choices=["model"])
    parser.parse_args()
    try:
        downloads.models()
    except failures.SetupError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
