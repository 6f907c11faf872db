"""The acts of support staff: each with its right, its form and its entry in the audit log."""
