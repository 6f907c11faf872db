"""The version of the engine: raised when pictures come out otherwise than before, so that outputs say what drew them.
Outputs of older ones are kept until they expire; the code that drew them is not."""

NEWEST = 3
# version → what it draws otherwise, each a sentence for customers
CHANGES = {
    1: ("The first one.",),
    2: (
        "Colours that a file names without a profile (PNG's gAMA, cHRM and cICP, AVIF's nclx), PQ and HLG are converted"
        " to sRGB as browsers do.",
        "CMYK JPEGs without Adobe's marker are no longer inverted; profiles of RGB hold for grey pictures too.",
        "Animated GIF and APNG are composed as browsers show them: what a frame leaves behind, and frames smaller than"
        " the canvas.",
        "BMPs are drawn as browsers draw them: alpha, bit fields, and what runs of RLE leave out.",
        "Transparent colours of PNGs with 2, 4 and 16 bits are clear.",
    ),
    3: (
        "Pictures are scaled by another implementation of the same filter: levels differ by one here and there.",
        "JPEGs are decoded closer to the size that is needed, so that the finest patterns are a little softer.",
        "WebP is written in half the time, with 3 % more bytes.",
        "Chunks of PNGs that are out of place or damaged, ICC profiles and orientations count as they do in browsers.",
        "Grey TIFFs of 12 bits, and of 16 bits whose white is nought, are no longer dark or inverted.",
        "SVGs: more kinds of colours and of rules in style sheets are drawn.",
    ),
}
