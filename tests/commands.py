"""Management commands run in this process."""

from io import StringIO

from django.core.management import call_command


def run(name: str, *words: str) -> str:
    """What a command writes, called with the words of a command line. Raises CommandError."""
    output = StringIO()
    call_command(name, *words, stdout=output)
    return output.getvalue()
