"""Hypothesis strategies: requests as a caller might write them, as lists of (name, text)."""

from hypothesis import strategies as st

from transforms.engine.request import endpoints, params, request_parameters

WORDS = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=30)
HASHES = st.sampled_from(["LEHV6nWB2yk8pyo0adR*.7kCMdnj", "00OZZy", "LGF5]+Yk^6#M@-5c,1J5@[or[Q6."])


def decimals(row):
    """Numbers in the row's range, with as many digits as fit."""
    numbers = st.decimals(str(row.least), str(row.most), allow_nan=False, places=6)
    return numbers.map(lambda number: format(number, "f").rstrip("0").rstrip(".") or "0")


@st.composite
def integers(draw, row):
    if row.least is None or (row.choices and draw(st.booleans())):
        return str(draw(st.sampled_from(row.choices)))
    return str(draw(st.integers(row.least, min(row.most, 2000))))


@st.composite
def crops(draw, row):
    if draw(st.booleans()):
        return ",".join(str(draw(st.integers(least, row.most))) for least in (0, 0, 2, 2))
    return ",".join(f"{draw(st.integers(0, 999_999)) / 1_000_000 + least:.6f}" for least in (0, 0, 0.000001, 0.000001))


def positions(row):
    fraction = st.sampled_from(["0", "0.5", "1", "1.0", "0.25", "0.123456789"])
    return st.one_of(st.sampled_from(row.choices), st.tuples(fraction, fraction).map(",".join))


COLOURS = st.tuples(
    st.sampled_from(["", "#"]), st.from_regex(r"[0-9a-fA-F]{3,4}|([0-9a-fA-F]{2}){3,4}", fullmatch=True)
)

TEXTS = {
    "integer": integers,
    "number": decimals,
    "length": lambda row: st.one_of(st.sampled_from(["1", "1.0", "0.25", "0.000001"]), integers(row)),
    "angle": decimals,
    "switch": lambda row: st.sampled_from("01"),
    "choice": lambda row: st.sampled_from([*row.choices, *(other for other, _ in row.spelled)]),
    "colour": lambda row: COLOURS.map("".join),
    "position": positions,
    "focus": positions,
    "crop": crops,
    "select": lambda row: st.lists(st.sampled_from(row.choices), min_size=1).map(",".join),
    "blurhash": lambda row: HASHES,
    "source": lambda row: WORDS,
    "version": lambda row: st.from_regex(r"[A-Za-z0-9._-]{1,64}", fullmatch=True),
    "filename": lambda row: WORDS.map(lambda word: "f" + word.replace("/", "").replace("\\", "")),
}


def texts(row):
    """Texts the row accepts."""
    return TEXTS[row.kind](row)


@st.composite
def written(draw, endpoint):
    """A request the endpoint accepts but for its folding rules, under the long-lived names, src first."""
    literal = {endpoints.BLURHASH: "blurhash", endpoints.COLOR: "color"}.get(endpoint)
    optional = [row for row in params.rows(endpoint) if row.available and row.name not in ("src", literal)]
    rows = draw(st.lists(st.sampled_from(optional), unique=True)) if optional else []
    if literal and draw(st.booleans()):
        sides = [params.find(endpoint, name) for name in ("w", "h")]
        rows = [params.find(endpoint, literal), *sides, *(row for row in rows if row not in sides)]
        items = []
    else:
        count = draw(st.integers(*request_parameters.GRID_SOURCES)) if endpoint == endpoints.GRID else 1
        items = [("src", draw(WORDS)) for _ in range(count)]
    return items + [(row.name, draw(texts(row))) for row in rows]
