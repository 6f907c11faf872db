"""The frames of GIF and APNG, composed as browsers do."""
