"""What every Python program started by the tests reads first: it connects to this machine alone, and takes the tests'
time where they have one."""

import importlib.util
import ipaddress
import os
import socket
import sys


def refuse_other_machines(event: str, arguments: tuple) -> None:
    """An audit hook: PermissionError before a connection leaves this machine."""
    if event not in ("socket.connect", "socket.sendto"):
        return
    address = arguments[1]
    if arguments[0].family not in (socket.AF_INET, socket.AF_INET6) or not isinstance(address, tuple):
        return
    try:
        known = ipaddress.ip_address(address[0].partition("%")[0])
    except ValueError:
        return  # a name: its look-up goes to the machine's own resolver, the connection comes here again
    if not (known.is_loopback or known.is_unspecified):
        raise PermissionError(f"The tests connect to this machine alone, not to {address[0]}.")


class ShiftedClock:
    """Finds `imgapis.base.clock` and lets its day be `seconds` ahead; the clock of ages goes on as it does."""

    def __init__(self, seconds: float):
        self.seconds = seconds

    def find_spec(self, name, path=None, target=None):
        """The module's own specification, with the shift behind its loader's work."""
        if name != "imgapis.base.clock":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        load = spec.loader.exec_module

        def shifted(module):
            load(module)
            real = module.now
            module.now = lambda: real() + self.seconds

        spec.loader.exec_module = shifted
        return spec


sys.addaudithook(refuse_other_machines)
# The tests import this module once more by its full name, for the class.
is_shifted = any(type(finder).__name__ == "ShiftedClock" for finder in sys.meta_path)
if (ahead := os.environ.get("IMGAPIS_TEST_CLOCK_AHEAD")) and not is_shifted:
    sys.meta_path.insert(0, ShiftedClock(float(ahead)))
