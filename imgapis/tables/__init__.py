"""The tables of DynamoDB: which there are, and how existing ones are brought to what the code wants.

schema ← row_classes ← backfills ← migration
"""
