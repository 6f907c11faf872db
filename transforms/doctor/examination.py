"""The source doctor: fetches and decodes a picture step by step; reports the first step that fails and its remedy."""

import json
import ssl

from imgapis.base import waiting
from imgapis.base.outbound.fetch import FetchError, FetchResult
from transforms.doctor import bucket_doctor, remedies
from transforms.doctor.diagnosis import BUCKET_STEPS, TITLES, Diagnosis, Step
from transforms.engine.containers import sniffing
from transforms.engine.errors import EngineError
from transforms.models import Source
from transforms.serving import rendering
from transforms.serving.scheduling import concurrency, free_work
from transforms.sources import originals
from transforms.sources.kinds.bucket import BucketKind
from transforms.sources.kinds.registry import kind_of
from transforms.tenant.tenants import Tenant

FETCH_STEPS = ("address", "connect", "tls", "redirects", "answer", "headers")
# The step of a fetcher's refusal, whatever was noted; any other code belongs to the step after the last one noted.
BELONGS = {
    "source_unresolvable": "address",
    "source_not_allowed": "redirects",
    "source_redirect": "redirects",
    "source_missing": "answer",
    "source_forbidden": "answer",
    "source_refused": "answer",
    "source_busy": "answer",
    "source_too_large": "headers",
    "source_encoding": "headers",
}
AFTER = {"": "address", "resolved": "connect", "connected": "tls", "secured": "answer", "redirected": "address"}
Notes = list[tuple[str, str]]


def examine(tenant: Tenant, source: Source, path: str) -> Diagnosis:
    """Fetch and decode one picture of a source as the image API would, free of charge, and report every step.

    `tenant` has the current settings of the source. A bucket's key is also tried for listing and for writing, in a way
    that cannot write. Waits for a turn of the workspace as a new picture does. Raises ApiError for a path that is never
    fetched, and where the workspace does too much at once.
    """
    free_work.spend(tenant.workspace_id, free_work.DOCTOR)
    with waiting.place(tenant.workspace_id), concurrency.slot(tenant.folder, tenant.limits.concurrency):
        return _examine(tenant, source, path)


def _examine(tenant: Tenant, source: Source, path: str) -> Diagnosis:
    original = originals.resolve(tenant, f"{source.name}/{path}", "path")
    notes: Notes = []
    try:
        response = original.fetch(lambda step, fact: notes.append((step, fact)))
    except FetchError as error:
        steps, code = _failed_steps(notes, source, path, error)
    else:
        steps, code = _decoded_steps(notes, source, response)
    kind = kind_of(source)
    if isinstance(kind, BucketKind) and _facts(notes, "answered") and not _keyless(steps):
        steps += [bucket_doctor.listing(kind, source), bucket_doctor.writing(kind, source)]
    steps_by_name = {step.name: step for step in steps}
    names = [name for name in TITLES if kind.is_bucket or name not in BUCKET_STEPS]
    return Diagnosis(tuple(steps_by_name.get(name, Step(name)) for name in names), code, kind.policy(source))


def _failed_steps(notes: Notes, source: Source, path: str, error: FetchError) -> tuple[list[Step], str]:
    """The steps up to the one that failed, and the image API's code."""
    failed_step = _failed_step(notes, source, error.code)
    steps = [_passed(step_name, notes, source) for step_name in FETCH_STEPS[: FETCH_STEPS.index(failed_step)]]
    detail, remedy = error.message, remedies.of(error.code, failed_step)
    statuses = _facts(notes, "answered")
    if failed_step == "tls":
        detail = _certificate_trouble(error) or "The server and we could not agree on an encrypted connection."
    elif failed_step == "answer" and statuses:
        detail += f" The server answered {statuses[-1]}."
    kind = kind_of(source)
    if isinstance(kind, BucketKind) and failed_step in ("answer", "redirects"):
        refusal = bucket_doctor.refusal(kind, source, source.prefix + path)
        if refusal.code:
            detail = f"The bucket's service says {refusal.code}."
            remedy = remedies.of_bucket(refusal.code, refusal.message) or remedy
    return [*steps, Step(failed_step, "failed", detail, remedy)], error.code


def _failed_step(notes: Notes, source: Source, code: str) -> str:
    """The name of the step at which a fetch failed."""
    last_event = notes[-1][0] if notes else ""
    step_name = BELONGS.get(code) or AFTER.get(last_event, "headers")
    if step_name == "tls" and kind_of(source).scheme(source) == "http":
        step_name = "answer"
    if last_event == "answered":  # no body was read yet: the status is what failed
        step_name = BELONGS.get(code, "answer")
    if _facts(notes, "redirected") and step_name in ("address", "connect", "tls"):
        step_name = "redirects"
    return step_name


def _keyless(steps: list[Step]) -> bool:
    """Whether the service rejected the key or does not know the bucket, so that further checks are impossible."""
    return any(f"says {code}." in step.detail for step in steps for code in bucket_doctor.KEYLESS)


def _certificate_trouble(error: FetchError) -> str:
    """OpenSSL's message about an invalid certificate; empty for other errors."""
    if not isinstance(error.__cause__, ssl.SSLCertVerificationError):
        return ""
    return f"The certificate is refused: {error.__cause__.verify_message}."


def _decoded_steps(notes: Notes, source: Source, response: FetchResult) -> tuple[list[Step], str]:
    """The steps of a fetch that succeeded, then the format and decoding steps, and the code where one failed."""
    steps = [_passed(step_name, notes, source) for step_name in FETCH_STEPS]
    content_type = response.content_type or "no type"
    steps[-1] = Step("headers", "passed", f"{len(response.body):,} bytes, called {content_type} by the server.")
    image_format = "SVG" if sniffing.is_svg(response.body) else sniffing.format_of(response.body)
    if image_format is not None:
        steps.append(Step("type", "passed", f"The bytes are {image_format}."))
    try:
        size = _decoded(source, response.body)
    except EngineError as error:
        name = "type" if error.code in ("unsupported_format", "unsupported_variant") else "decode"
        return [*steps, Step(name, "failed", error.message, remedies.of(error.code, name))], error.code
    return [*steps, Step("decode", "passed", f"{size[0]} × {size[1]} pixels.")], ""


def _decoded(source: Source, body: bytes) -> tuple[int, int]:
    """Width and height of a picture that was decoded in a render process. Raises EngineError."""
    metadata = json.loads(rendering.examine(source.workspace_id, body).body)["metadata"]
    return metadata["width"], metadata["height"]


def _passed(name: str, notes: Notes, source: Source) -> Step:
    """A step of the fetch that succeeded, with its detail."""
    if name == "tls" and kind_of(source).scheme(source) == "http":
        return Step(
            name,
            "warned",
            "The address is http: anybody on the way can read and change the pictures.",
            "Use https where the server has it.",
        )
    redirect_count = len(_facts(notes, "redirected"))
    details = {
        "address": "The host has a public address.",
        "connect": "The server takes connections.",
        "tls": "The certificate is good for this host.",
        "redirects": f"Followed {redirect_count}: the final address would be faster." if redirect_count else "None.",
        "answer": f"The server answered {(_facts(notes, 'answered') or ['200'])[-1]}.",
        "headers": "One clear statement of the length.",
    }
    return Step(name, "passed", details[name])


def _facts(notes: Notes, event_name: str) -> list[str]:
    return [fact for event, fact in notes if event == event_name]
