"""A stored picture compared with how the newest version of the engine draws it: nothing is stored, nothing charged."""
