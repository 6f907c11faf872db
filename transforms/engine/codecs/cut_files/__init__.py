"""What there is of files that end too early, for `truncated=allow`."""
