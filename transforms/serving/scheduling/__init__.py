"""When a request may do its work, and whether: turns and places, the weight of a rendering, what has just failed."""
