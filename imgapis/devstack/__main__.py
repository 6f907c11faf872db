"""`python -m imgapis.devstack model`: fetch the weights of background removal and of face detection for production."""

import argparse
import sys

from imgapis.devstack import downloads, failures

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m imgapis.devstack")
    parser.add_argument("action", choices=["model"])
    parser.parse_args()
    sys.exit(failures.exit_status(downloads.models))
