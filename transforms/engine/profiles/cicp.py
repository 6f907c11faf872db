"""Code points of colour (ITU-T H.273): primaries and transfer characteristics, as far as Chromium draws them."""

from transforms.engine.profiles.icc import Curve, Primaries

D65, WHITE_C, WHITE_DCI, WHITE_E = (0.3127, 0.3290), (0.310, 0.316), (0.314, 0.351), (1 / 3, 1 / 3)
BT709, BT2020, XYZ, P3 = 1, 9, 10, 12
PRIMARIES = {
    BT709: Primaries((0.640, 0.330), (0.300, 0.600), (0.150, 0.060), D65),
    4: Primaries((0.670, 0.330), (0.210, 0.710), (0.140, 0.080), WHITE_C),
    5: Primaries((0.640, 0.330), (0.290, 0.600), (0.150, 0.060), D65),
    6: Primaries((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), D65),
    7: Primaries((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), D65),
    8: Primaries((0.681, 0.319), (0.243, 0.692), (0.145, 0.049), WHITE_C),
    BT2020: Primaries((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), D65),
    XYZ: Primaries((1.0, 1e-6), (0.0, 1.0), (0.0, 1e-6), WHITE_E),
    11: Primaries((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), WHITE_DCI),
    P3: Primaries((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), D65),
    22: Primaries((0.630, 0.340), (0.295, 0.605), (0.155, 0.077), D65),
}
SRGB_TRANSFER, PQ, HLG = 13, 16, 18
HDR = (PQ, HLG)
SRGB_CURVE = Curve(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
BT1886_CURVE = Curve(2.4)  # what a screen does with levels of BT.709, BT.601 and BT.2020
CURVES = {
    1: BT1886_CURVE,
    4: Curve(2.2),
    5: Curve(2.8),
    6: BT1886_CURVE,
    7: Curve(1 / 0.45, 1 / 1.1115, 0.1115 / 1.1115, 1 / 4, 0.0913),
    8: Curve(1.0),
    11: BT1886_CURVE,
    SRGB_TRANSFER: SRGB_CURVE,
    14: BT1886_CURVE,
    15: BT1886_CURVE,
    17: Curve(2.6, (52.37 / 48) ** (1 / 2.6)),
}
