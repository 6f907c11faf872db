"""Image requests: admitted, planned, cached or rendered, charged once, answered.

scheduling ← charging
"""
