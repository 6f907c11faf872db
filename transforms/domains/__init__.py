"""Custom domains: their names, DNS proofs and certificates."""
