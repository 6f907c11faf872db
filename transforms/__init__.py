"""Images: sources, access, rendering, delivery, custom domains.

engine ← models ← render ← tenant ← domains ← sources ← access ← serving ← doctor ← comparison ← views ← management
"""
