"""Workspaces, and what each is entitled to."""
