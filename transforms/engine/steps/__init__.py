"""The steps of a transform, one file each; `pipeline.STEPS` is their order."""
