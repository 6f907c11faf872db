"""What an image request is charged for, and how its charge is settled."""
