"""What else is made of pictures: info, grid, placeholder, comparison, and re-encoding alone."""
