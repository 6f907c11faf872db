"""The rows of Stripe's state and of notifications."""
