"""The project: settings, routes, and everything that visits more than one app.

base ← rows ← server ← devstack ← tables ← policy ← privacy ← support ← verify ← watch ← work ← site ← management
"""
