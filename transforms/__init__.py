"""Images: sources, access, rendering, delivery, custom domains.

engine ← render ← tenant ← domains ← sources ← access ← serving ← doctor ← views ← management
"""
