"""Plans, credits and caps, Stripe, and billing notifications.

rows ← plans ← charging ← stripe ← notifications ← views ← management
"""
