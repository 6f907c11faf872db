"""How the rows of accounts are handled, where several tables are handled alike."""

from imgapis.base.dynamo import DataHandling

ACCOUNT = DataHandling("account", "until erasure")
