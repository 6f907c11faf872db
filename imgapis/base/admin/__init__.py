"""Django's stock admin over DynamoDB rows."""
