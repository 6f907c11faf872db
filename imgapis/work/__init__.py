"""Scheduled work: its rows and threads, the nightly proof, what follows a rollup, mails, and the worker's heartbeat."""
