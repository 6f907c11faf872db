"""The project: settings, routes, and everything that visits more than one app.

base ← models ← server ← devstack ← tables ← policy ← privacy ← support ← verify ← work ← watch ← site ← management
"""
