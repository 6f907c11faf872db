"""The pages of images."""
