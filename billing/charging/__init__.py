"""Charges: counters, credits, caps, grants, and the ledger that proves them."""
