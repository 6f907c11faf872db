"""Numbers that know their unit: the schema of an export is written from it."""

from pynamodb.attributes import NumberAttribute


class Moment(NumberAttribute):
    """A time; 0 where it has not come."""

    unit = "seconds since 1970, UTC"


class Whole(NumberAttribute):
    """A number without a fraction."""

    unit = "a count"


class Halves(Whole):
    """An amount of credits."""

    unit = "half-credits"


class Credits(Whole):
    """Whole credits, as they are reported to Stripe."""

    unit = "credits"


class Bytes(Whole):
    """A size."""

    unit = "bytes"


class Status(Whole):
    """An HTTP status."""

    unit = "an HTTP status"


class Seconds(Whole):
    """A length of time without a fraction."""

    unit = "seconds"


class Milliseconds(NumberAttribute):
    """A length of time."""

    unit = "milliseconds"
