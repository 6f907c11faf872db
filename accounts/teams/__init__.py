"""Teams: members, invites, and the table of roles."""
