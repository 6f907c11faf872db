"""The base layer: what every app may import, and what imports no app.

mail ← outbound ← admin
"""
