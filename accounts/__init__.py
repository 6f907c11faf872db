"""People, sessions, workspaces, teams, API keys and support staff.

rows ← sessions ← people ← workspaces ← teams ← keys ← staff ← views ← management
"""
