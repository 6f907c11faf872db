"""Mail: composing and sending, and the backend that keeps it as files on this machine."""
