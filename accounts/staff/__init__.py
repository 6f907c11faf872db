"""Support staff: roles, rights and the second factor."""
