"""The project: settings, routes, and everything that visits more than one app.

base ← rows ← server ← work ← devstack ← policy ← privacy ← support ← verify ← watch ← site ← management
"""
