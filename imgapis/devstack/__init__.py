"""What stands in for AWS, Cloudflare and Stripe on this machine, and starts and stops with `make run`."""
