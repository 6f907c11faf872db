"""Stripe: its API, its webhooks, customers, subscriptions, overage and payment mails."""
