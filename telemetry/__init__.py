"""Events, their rollups, and the reports made of them.

models ← views ← management
"""
