"""What a file says of its colours: an ICC profile, or code points that are made into one, or PQ and HLG."""

from dataclasses import dataclass

from transforms.engine.profiles import cicp, icc
from transforms.engine.profiles.icc import Curve, Primaries

# sRGB where it stands alone, as encoders wrote for want of another word; with chromaticities it is believed.
SRGB_GAMMA = 45_455
SAME_POINT = 0.002


@dataclass(frozen=True)
class NamedColours:
    """`profile` brings the levels to sRGB, or `transfer` (PQ or HLG) does with `primaries`; with neither they are sRGB.
    `of_rgb`: grey levels are meant as three equal ones; `of_grey`: the profile is for grey levels alone."""

    profile: bytes | None = None
    transfer: int | None = None
    primaries: Primaries | None = None
    of_rgb: bool = False
    of_grey: bool = False

    @property
    def is_srgb(self) -> bool:
        """Whether nothing has to be converted."""
        return not self.profile and not self.transfer


SRGB = NamedColours()


def of_profile(profile: bytes | None) -> NamedColours:
    """Colours of an embedded profile. One of grey is made into one of RGB with the same curve, which is exact in the
    shadows; one of RGB goes for grey levels too, as in browsers."""
    if not profile or not icc.is_sound(profile):
        return SRGB
    if icc.space_of(profile) == b"RGB ":
        return NamedColours(icc.of_display(profile), of_rgb=True)
    curve = icc.grey_curve(profile)
    if curve is not None:
        return NamedColours(icc.write(cicp.PRIMARIES[cicp.BT709], curve), of_rgb=True, of_grey=True)
    return NamedColours(profile)


def of_png_code_points(primaries: int, transfer: int) -> NamedColours | None:
    """Colours of a cICP chunk; None for code points that mean nothing, so that the chunk is ignored."""
    if primaries not in cicp.PRIMARIES:
        return None
    if transfer in cicp.HDR:
        return _hdr(primaries, transfer)
    if transfer not in cicp.CURVES:
        return None
    return _made(cicp.PRIMARIES[primaries], cicp.CURVES[transfer])


def of_avif_code_points(primaries: int, transfer: int) -> NamedColours:
    """Colours of an AVIF's nclx box. Browsers draw the transfer functions of television as sRGB there, and what is
    unspecified as BT.709 and sRGB."""
    primaries = primaries if primaries in cicp.PRIMARIES else cicp.BT709
    if transfer in cicp.HDR:
        return _hdr(primaries, transfer)
    curve = cicp.CURVES.get(transfer, cicp.SRGB_CURVE)
    return _made(cicp.PRIMARIES[primaries], cicp.SRGB_CURVE if curve is cicp.BT1886_CURVE else curve)


def of_gamma(gamma: int, chromaticities: tuple[int, ...] | None) -> NamedColours:
    """Colours of PNG's gAMA and cHRM, in their units of 1/100,000; cHRM alone says nothing."""
    primaries = _primaries(chromaticities)
    if not gamma or (gamma == SRGB_GAMMA and primaries is None):
        return SRGB
    return _made(primaries or cicp.PRIMARIES[cicp.BT709], Curve(100_000 / gamma))


def _hdr(primaries: int, transfer: int) -> NamedColours:
    if primaries == cicp.XYZ:
        return SRGB
    return NamedColours(transfer=transfer, primaries=cicp.PRIMARIES[primaries], of_rgb=True)


def _made(primaries: Primaries, curve: Curve) -> NamedColours:
    if curve is cicp.SRGB_CURVE and _is_srgb(primaries):
        return SRGB
    profile = icc.write(primaries, curve)
    return NamedColours(profile, of_rgb=True) if profile else SRGB


def _primaries(chromaticities: tuple[int, ...] | None) -> Primaries | None:
    """Of cHRM's eight numbers; None where they span no colours."""
    if chromaticities is None:
        return None
    pairs = zip(chromaticities[::2], chromaticities[1::2], strict=True)
    white, red, green, blue = ((x / 100_000, y / 100_000) for x, y in pairs)
    primaries = Primaries(red, green, blue, white)
    return primaries if primaries.to_xyz() is not None else None


def _is_srgb(primaries: Primaries) -> bool:
    return all(
        abs(mine - theirs) <= SAME_POINT
        for point, srgb_point in zip(primaries.points, cicp.PRIMARIES[cicp.BT709].points, strict=True)
        for mine, theirs in zip(point, srgb_point, strict=True)
    )
