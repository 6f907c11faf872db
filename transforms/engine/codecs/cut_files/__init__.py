"""What there is of files that end too early, for `truncated=allow`."""

WARNING = "The file is cut off: what is missing of the picture is empty."
