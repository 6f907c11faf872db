"""How rows are handled, where several tables are handled alike; what billing writes of a workspace too."""

from imgapis.base.dynamo import DataHandling

ACCOUNT = DataHandling("account", "until erasure")
BILLING = DataHandling("billing", "until erasure")
