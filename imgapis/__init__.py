"""The project: settings, routes, and everything that visits more than one app.

base ← rows ← server ← work ← devstack ← tables ← policy ← privacy ← support ← verify ← watch ← site ← management
"""
