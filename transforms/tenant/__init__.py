"""The workspace behind an image host as the image API sees it, with its presets, fallbacks and purges."""
