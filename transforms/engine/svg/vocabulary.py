"""The allow list of SVG: elements and attributes of SVG 1.1 and 2 that draw, without those that run, load or link."""

SVG, XLINK, XML = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink", "http://www.w3.org/XML/1998/namespace"


def words(text: str) -> frozenset[str]:
    """The words of a text that separates them by spaces."""
    return frozenset(text.split())


# What changes an attribute, by its name.
CHANGES = words("animate animateTransform set")
ANIMATIONS = CHANGES | {"animateMotion"}
SHAPES = words("circle ellipse line path polygon polyline rect")
TEXTS = words("text textPath tspan")
# Elements for people, which hold words alone: HTML would read elements in them as its own.
WORDS = words("desc title")
# Elements whose characters are drawn or read; between the others there is space alone.
WITH_CHARACTERS = TEXTS | WORDS | {"style"}
PICTURES = words("feImage image")
FILTERS = words(
    "feBlend feColorMatrix feComponentTransfer feComposite feConvolveMatrix feDiffuseLighting feDisplacementMap"
    " feDistantLight feDropShadow feFlood feFuncA feFuncB feFuncG feFuncR feGaussianBlur feImage feMerge feMergeNode"
    " feMorphology feOffset fePointLight feSpecularLighting feSpotLight feTile feTurbulence"
)
ELEMENTS = (
    ANIMATIONS
    | SHAPES
    | TEXTS
    | FILTERS
    | words(
        "a clipPath defs desc filter g image linearGradient marker mask mpath pattern radialGradient stop style svg"
        " switch symbol title use view"
    )
)

# Attributes that are properties of CSS: browsers parse their values as such, escapes and functions included.
PRESENTATION = words(
    "alignment-baseline baseline-shift clip clip-path clip-rule color color-interpolation color-interpolation-filters"
    " color-rendering cursor direction display dominant-baseline fill fill-opacity fill-rule filter flood-color"
    " flood-opacity font font-family font-feature-settings font-kerning font-size font-size-adjust font-stretch"
    " font-style font-variant font-variation-settings font-weight glyph-orientation-horizontal"
    " glyph-orientation-vertical image-rendering isolation kerning letter-spacing lighting-color marker marker-end"
    " marker-mid marker-start mask mask-type mix-blend-mode opacity overflow paint-order pointer-events shape-rendering"
    " stop-color stop-opacity stroke stroke-dasharray stroke-dashoffset stroke-linecap stroke-linejoin"
    " stroke-miterlimit stroke-opacity stroke-width text-anchor text-decoration text-overflow text-rendering transform"
    " transform-box transform-origin unicode-bidi vector-effect visibility white-space word-spacing writing-mode"
)
GEOMETRY = words(
    "cx cy d dx dy fr fx fy height r rx ry width x x1 x2 y y1 y2 points pathLength offset rotate textLength"
    " lengthAdjust startOffset method spacing side"
)
STRUCTURE = words(
    "clipPathUnits gradientTransform gradientUnits markerHeight markerUnits markerWidth maskContentUnits maskUnits"
    " orient patternContentUnits patternTransform patternUnits preserveAspectRatio refX refY requiredExtensions"
    " requiredFeatures spreadMethod systemLanguage viewBox version baseProfile type media"
)
OF_FILTERS = words(
    "amplitude azimuth baseFrequency bias diffuseConstant divisor edgeMode elevation exponent filterRes filterUnits in"
    " in2 intercept k1 k2 k3 k4 kernelMatrix kernelUnitLength limitingConeAngle mode numOctaves operator order"
    " pointsAtX pointsAtY pointsAtZ preserveAlpha primitiveUnits radius result scale seed slope specularConstant"
    " specularExponent stdDeviation stitchTiles surfaceScale tableValues targetX targetY values xChannelSelector"
    " yChannelSelector z"
)
# `begin` and `end` may name other elements of the drawing; what an animation may change is checked apart.
OF_ANIMATIONS = words(
    "accumulate additive attributeName attributeType begin by calcMode dur end fill from keyPoints keySplines keyTimes"
    " max min path repeatCount repeatDur restart to"
)
# Names and words for people, which nothing parses as CSS.
NAMES = words("class id lang role")
ATTRIBUTES = PRESENTATION | GEOMETRY | STRUCTURE | OF_FILTERS | OF_ANIMATIONS | NAMES
# What an animation may change: never a link, a handler, an id or a whole style.
ANIMATED = (PRESENTATION | GEOMETRY | STRUCTURE | OF_FILTERS) - {"type", "media"}
