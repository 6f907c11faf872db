"""What else is made of pictures: info, grid, placeholder, and re-encoding alone."""
