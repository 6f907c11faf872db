"""`manage.py dev`, which `make run` calls: the whole product on this machine, until Ctrl-C."""

import signal
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from imgapis.devstack import downloads, failures, photographs, ports, progress, stack

PHOTO = "astronaut.png"


class Stopped(BaseException):
    """A signal to stop: Ctrl-C, SIGTERM, or the terminal closed."""


class Command(BaseCommand):
    help = "Start DynamoDB Local, SeaweedFS, the web server and the worker on this machine; Ctrl-C stops them."
    requires_system_checks = ()

    def handle(self, *args: object, **options: Any) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _stop)
        dev_stack = stack.Stack(
            settings.VAR_DIR,
            settings.PORT,
            access_key=settings.CACHE_ACCESS_KEY or "",
            secret_key=settings.CACHE_SECRET_KEY or "",
        )
        try:
            _start(dev_stack)
            progress.say(addresses(settings.PORT, settings.IMAGE_DOMAIN, str(dev_stack.logs)))
            dev_stack.watch()
        except Stopped:
            progress.say("\nStopping ...")
        except failures.SetupError as error:
            raise CommandError(str(error)) from error
        finally:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C must not leave half of it running
            dev_stack.stop()
        progress.say("Stopped.")


def _start(dev_stack: stack.Stack) -> None:
    """Start everything up to a web server that answers, the cheapest checks first."""
    ports.require(dev_stack.port)
    downloads.require_disk(dev_stack.directory)
    downloads.fetch()
    photographs.ensure(dev_stack.directory / "samples")
    dev_stack.start_engines()
    if not settings.STRIPE_SECRET_KEY:
        dev_stack.start_stripe_stub()
    variables = dev_stack.variables(settings.FETCH_ALLOW_PRIVATE)
    dev_stack.save_variables(variables)
    dev_stack.manage("migrate_tables", variables)
    dev_stack.manage("demo", variables)
    if dev_stack.stripe_port:
        dev_stack.manage("stripe_setup", variables)
    dev_stack.start_programs(variables, workers=settings.GUNICORN_WORKERS, threads=settings.GUNICORN_THREADS)


def addresses(port: int, domain: str, logs: str) -> str:
    """The block a person copies from."""
    demo = f"http://demo.{domain}:{port}"
    photo = f"src=samples/{PHOTO}"
    return f"""
  Running. Try, in a browser or with curl:

    home         http://localhost:{port}/
    sign in      http://localhost:{port}/login   (mails are printed here)
    transform    {demo}/transform?{photo}&w=800
    info         {demo}/info?{photo}
    grid         {demo}/grid?src=samples/astronaut.png&src=samples/coffee.png&src=samples/rocket.jpg
    placeholder  {demo}/placeholder/blurhash?{photo}

  Payments are played through by a stub of Stripe on this machine; no money moves.
  Logs are in {logs}. DynamoDB Local listens on every interface of this machine without a
  password: do not run this where others can reach it. Ctrl-C stops everything.
"""


def _stop(number: int, frame: FrameType | None) -> None:
    raise Stopped
