"""The networks of the engine in the tests' own process."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from transforms.engine import network


@contextmanager
def loaded(name: str, path: Path) -> Iterator[None]:
    """A network's weights are known meanwhile, and forgotten afterwards."""
    network.use(name, str(path))
    yield
    network.use(name, "")
    network._session.cache_clear()
