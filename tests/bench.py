"""`make bench`: what a hit, a miss and a rendering cost on this machine, as tables."""

from tests.benches import charging, hits, misses, networks, nginx_hits, photograph, recordings, renders, setup, widths
from tests.faults import front


def main() -> None:
    """Measure in turn; nothing runs afterwards."""
    body = photograph.jpeg()
    print(f"A JPEG of {photograph.WIDTH} x {photograph.HEIGHT}, {len(body) / 1e6:.1f} MB, to 800 pixels.", flush=True)
    # First, while the engines do not run beside it.
    renders.measure(body)
    networks.measure(body)
    with setup.running(body) as site:
        misses.measure(site)
        widths.measure(site)
        hits.measure(site)
        if front.NGINX:
            nginx_hits.measure(site)
        charging.measure()
        recordings.measure()


if __name__ == "__main__":
    main()
