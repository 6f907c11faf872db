"""The rows of the top layer: policy versions and requests, erasures and exports, alerts, scheduled work."""
