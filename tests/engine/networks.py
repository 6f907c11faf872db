"""The networks of the engine in the tests' own process."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from transforms.engine.vision import network


@contextmanager
def loaded(name: str, path: Path) -> Iterator[None]:
    """The weights at `path` serve a network within the block; afterwards it has none."""
    network.use(name, str(path))
    yield
    network.use(name, "")
    network._session.cache_clear()
