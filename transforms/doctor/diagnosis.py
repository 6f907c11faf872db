"""The result of the source doctor: the steps in the order of a fetch, each with its state and its remedy."""

from dataclasses import dataclass

TITLES = {
    "address": "Name and address",
    "connect": "Connection",
    "tls": "Encryption",
    "redirects": "Redirects",
    "answer": "Answer",
    "headers": "Headers and transfer",
    "type": "Type",
    "decode": "Decoding",
    "listing": "Listing",
    "writing": "Writing",
}
BUCKET_STEPS = ("listing", "writing")


@dataclass(frozen=True)
class Step:
    """A step: `state` is passed, failed, warned (it works, and could be better) or skipped (not reached)."""

    name: str
    state: str = "skipped"
    detail: str = ""
    remedy: str = ""

    @property
    def title(self) -> str:
        """The name of the step on pages."""
        return TITLES[self.name]


@dataclass(frozen=True)
class Diagnosis:
    """The steps in order; the image API's code where one failed; the least policy, for a bucket."""

    steps: tuple[Step, ...]
    code: str = ""
    policy: str = ""

    @property
    def failed(self) -> Step | None:
        """The first step that failed; None where all passed."""
        return next((step for step in self.steps if step.state == "failed"), None)

    @property
    def warned(self) -> bool:
        """Whether something works and could be better."""
        return any(step.state == "warned" for step in self.steps)
