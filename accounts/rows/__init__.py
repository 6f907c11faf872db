"""The rows of accounts beside people and workspaces: codes, keys, staff, teams, the audit log."""
