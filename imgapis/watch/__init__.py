"""Alerts: checks of this host, mailed once an hour and shown on /status."""
