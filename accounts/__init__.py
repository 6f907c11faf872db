"""People, sessions, workspaces, teams, API keys and support staff.

models ← sessions ← people ← workspaces ← teams ← keys ← staff ← views ← management
"""
