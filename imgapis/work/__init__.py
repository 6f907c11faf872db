"""Scheduled work: the nightly proof, what follows a rollup, and the worker's heartbeat."""
