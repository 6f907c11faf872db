"""How the rows of images are handled, where several tables are handled alike."""

from imgapis.base.dynamo import DataHandling

ACCOUNT = DataHandling("account", "until erasure or deletion")
