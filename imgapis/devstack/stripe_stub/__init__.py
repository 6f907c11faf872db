"""A stand-in for Stripe's API, Checkout, portal and webhooks. No money moves."""
