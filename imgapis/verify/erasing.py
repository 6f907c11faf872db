"""How verify_privacy has its account erased: the seam to the erasure, which is not built yet."""


def erase(email: str, namespace: str) -> bool:
    """Erase a person and their workspace at once, as the owner would in the dashboard, and return when every store has
    confirmed it. False where nothing was erased: what is looked at after an erasure is then not looked at."""
    return False
