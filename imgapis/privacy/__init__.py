"""A person's data: inventory, export, erasure and its certificates."""
