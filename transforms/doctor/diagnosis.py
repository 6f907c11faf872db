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

    @property
    def outcome(self) -> str:
        """The state in the words of pages. A step that was skipped with a reason was reached, and could not be told."""
        if self.state != "skipped":
            return self.state
        return "not known" if self.detail else "not reached"

    @property
    def badge(self) -> str:
        """The style sheet's class for the state; empty for a step that was skipped."""
        return {"passed": "ok", "failed": "bad", "warned": "warn"}.get(self.state, "")

    @property
    def hint(self) -> str:
        """What was seen, and for a warning what to do; empty where nothing was."""
        return f"{self.detail} {self.remedy}" if self.detail and self.state == "warned" else self.detail


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
