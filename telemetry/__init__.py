"""Events, their rollups, and the reports made of them.

views ← management
"""
