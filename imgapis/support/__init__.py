"""What support staff see and do in the admin."""
