"""Plans, credits and caps, Stripe, and billing notifications.

models ← plans ← charging ← stripe ← notifications ← views ← management
"""
