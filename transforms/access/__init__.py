"""Who may ask for what: origins, signatures, signed policies, presets; fallbacks."""
