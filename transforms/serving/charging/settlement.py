"""The charge of one piece of work: looked at before it is done, settled once when it is done."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from pynamodb.exceptions import PynamoDBException

from billing.charging import credits
from billing.charging.charges import Charge
from billing.models import claims as claim_rows
from imgapis.base import clock, tokens
from imgapis.base.errors import ApiError
from telemetry import recorder
from telemetry.events import CacheStatus, RequestEvent
from transforms.engine.job import Output
from transforms.engine.request import cost
from transforms.serving.charging import claims
from transforms.serving.charging.claims import Prints, Share
from transforms.serving.image_plans import RenderPlan
from transforms.tenant.tenants import Tenant


@dataclass
class Settlement:
    """The charge of an operation's work for a request from `origin` that came at `requested` (monotonic seconds) and is
    answered with `status`; `started` is when the work began, in seconds since 1970. Its methods are called in the order
    they stand in."""

    tenant: Tenant
    plan: RenderPlan
    origin: str
    requested: float
    status: int = 200
    started: float = field(default_factory=lambda: clock.now())
    _live: frozenset[str] = field(default=frozenset(), init=False)
    _refusal: ApiError | None = field(default=None, init=False)

    def look(self) -> None:
        """Before anything is fetched: refuse work that is not covered and was not charged before. Raises ApiError."""
        try:
            self._live = claims.live_before(self.tenant, self.plan, self.started)
            self._refusal = credits.refusal_of(self._charge(1), self.tenant.terms)
        except PynamoDBException as error:
            raise credits.ChargeUnavailable from error
        if self._refusal and not self._live:
            raise self._refusal

    def look_again(self, prints: Prints) -> None:
        """Before anything is rendered, when the bytes are known: refuse what turns out to be more than the balance
        covers, which is more of a grid's sources, or other bytes where nothing is left. Raises ApiError."""
        shares = claims.shares(self.plan, claims.present_in(prints))
        held = [share for share in shares if claims.is_held(self.plan, share, self._live)]
        new = len(shares) - len(held)
        if self._refusal:
            new += len(claims.made_otherwise(self.tenant, self.plan, held, prints))
        if new > 1 or (new and self._refusal):
            self._require(new)

    def settle(self, output: Output, prints: Prints, size: int, seconds: int) -> int:
        """Charge what is new work in the output, which may live for `seconds`; returns the half-credits. Raises
        ApiError, and nothing is charged.

        The hour is marked before, so that a crash leaves it marked, and after, when the event is written. Where the
        origin gives less than was asked, claims that made the output free end with it, before it is stored: or it would
        be made again and again for the charge of a longer life."""
        looks = claims.looks_of(self.plan, output)
        shares = claims.shares(self.plan, output.used)
        pictures = {share: claims.picture(self.tenant, self.plan, share, looks, prints) for share in shares}
        try:
            due = claims.due(self.tenant, self.plan, self._live, pictures, prints, self.started)
            charged_halves = self._charge_due(due, pictures, size, seconds) if due else 0
            if seconds < self.plan.seconds and charged_halves < cost.halves(self.plan.spec.endpoint) * len(shares):
                self._end_claims(pictures.values(), seconds)
        except PynamoDBException as error:
            raise credits.ChargeUnavailable from error
        return charged_halves

    def _charge_due(self, due: list[Share], pictures: dict[Share, str], size: int, seconds: int) -> int:
        charge = self._charge(
            len(due), size, tuple(pictures[share] for share in due), tuple(share.slot for share in due), seconds
        )
        recorder.current().record(charge.event)
        charged_halves = credits.charge(charge, self.tenant.terms)
        if charged_halves:
            recorder.current().record(charge.event)
        return charged_halves

    def _end_claims(self, pictures: Iterable[str], seconds: int) -> None:
        digests = [self.plan.claim, *self.plan.slots, *filter(None, [self.plan.former]), *pictures]
        claim_rows.end_by(self.tenant.workspace_id, digests, int(self.started) + seconds, self.started)

    def _require(self, count: int) -> None:
        try:
            refusal = credits.refusal_of(self._charge(count), self.tenant.terms)
        except PynamoDBException as error:
            raise credits.ChargeUnavailable from error
        if refusal:
            raise refusal

    def _charge(
        self,
        count: int,
        size: int = 0,
        pictures: tuple[str, ...] = (),
        slots: tuple[str, ...] = (),
        seconds: int | None = None,
    ) -> Charge:
        plan = self.plan
        event = RequestEvent(
            workspace_id=self.tenant.workspace_id,
            event_id=tokens.time_ordered_id(self.started),
            operation=plan.operation,
            cache=CacheStatus.MISS.recorded,
            origin=self.origin,
            status=self.status,
            size=size,
            latency=int((time.monotonic() - self.requested) * 1000),
            cost=cost.halves(plan.spec.endpoint) * count,
        )
        days = self.tenant.limits.retention_days
        life = plan.seconds if seconds is None else seconds
        return Charge(event, plan.claim, life, self.started, plan.void_before, days, pictures, slots)
