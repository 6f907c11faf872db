"""How the rows of billing are handled, where several tables are handled alike."""

from imgapis.base.dynamo import DataHandling

BILLING = DataHandling("billing", "until erasure")
