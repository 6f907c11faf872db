"""The project: settings, routes, and everything that visits more than one app.

base ← rows ← server ← devstack ← tables ← policy ← privacy ← support ← verify ← work ← watch ← site ← management
"""
