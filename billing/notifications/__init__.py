"""Billing notifications: alerts, mails and customers' webhooks."""
