"""The privacy policy as data: promises, versions, notices and privacy requests."""
