"""People, and the canonical form of their e-mail addresses."""
