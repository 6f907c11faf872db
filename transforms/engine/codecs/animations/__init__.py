"""GIF and APNG: their frames composed as browsers do, and GIFs written."""
