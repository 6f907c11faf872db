"""`python -m imgapis.devstack.stripe_stub`: a stand-in for Stripe on this machine. It is a stub, and no money moves."""

import argparse
from pathlib import Path

from imgapis.devstack.stripe_stub.server import Stub


def main() -> None:
    """Serve until the process is stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state", type=Path, required=True, help="the file everything is kept in")
    parser.add_argument("--webhook", required=True, help="where events are sent")
    parser.add_argument("--secret", required=True, help="what they are signed with")
    parser.add_argument("--version", required=True, help="the API version events name")
    args = parser.parse_args()
    stub = Stub(args.port, args.state, args.webhook, args.secret, args.version)
    stub.server.serve_forever()


if __name__ == "__main__":
    main()
