"""The catalogue of plans, the periods they run in, and what changing one would do."""
