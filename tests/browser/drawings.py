"""Pictures as Chromium draws them: the oracle for how a source has to be decoded."""

import base64
from dataclasses import dataclass

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Page

from transforms.engine import colour_difference

# ImageDecoder needs a secure context; the page is answered here and nothing leaves the machine.
ADDRESS = "https://drawings.example/"
SCRIPT = """() => {
const bytes = text => Uint8Array.from(atob(text), c => c.charCodeAt(0));
const packed = levels => {
  let text = '';
  for (let at = 0; at < levels.length; at += 32768)
    text += String.fromCharCode(...levels.subarray(at, at + 32768));
  return btoa(text);
};
const drawn = (source, width, height) => {
  if (width * height > 2e7) throw new Error('more pixels than are compared here');
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d', {willReadFrequently: true});
  context.drawImage(source, 0, 0, width, height);
  return {width, height, levels: packed(context.getImageData(0, 0, width, height).data)};
};
window.drawStill = async ([data, type, scale]) => {
  const image = new Image();
  image.src = URL.createObjectURL(new Blob([bytes(data)], {type}));
  try { await image.decode(); } catch (error) { return null; }
  return drawn(image, scale * image.naturalWidth, scale * image.naturalHeight);
};
window.drawFrames = async ([data, type]) => {
  const decoder = new ImageDecoder({data: bytes(data), type, preferAnimation: true});
  try {
    await decoder.completed;
    await decoder.tracks.ready;
    const found = [];
    for (let frameIndex = 0; frameIndex < decoder.tracks.selectedTrack.frameCount; frameIndex++) {
      const {image} = await decoder.decode({frameIndex});
      found.push({...drawn(image, image.displayWidth, image.displayHeight), time: (image.duration ?? 0) / 1000});
      image.close();
    }
    return found;
  } catch (error) { return []; } finally { decoder.close(); }
};
}"""


@dataclass(frozen=True)
class Frame:
    """A frame of an animation (RGBA) and how long it is shown, in ms, as the file says."""

    image: Image.Image
    duration: float


class Drawings:
    """A page of Chromium that draws the bytes of pictures and gives back the pixels."""

    def __init__(self, browser: Browser) -> None:
        self.context = browser.new_context()
        self.page: Page = self.context.new_page()
        self.page.route("**", lambda route: route.fulfill(body="<!doctype html>", content_type="text/html"))
        self.page.goto(ADDRESS)
        self.page.evaluate(SCRIPT)

    def still(self, data: bytes, content_type: str, scale: int = 1) -> Image.Image | None:
        """The pixels (RGBA) of an `<img>` drawn on a canvas, of an animation its first frame; None when it is broken.
        An SVG is drawn at `scale` times its size.

        The canvas is sRGB with premultiplied alpha, so that the colours of nearly clear pixels are rounded.
        """
        drawing = self.page.evaluate("drawStill", [base64.b64encode(data).decode(), content_type, scale])
        return drawing and _image(drawing)

    def frames(self, data: bytes, content_type: str) -> list[Frame]:
        """Every frame as ImageDecoder composes it; empty when one of them cannot be decoded."""
        found = self.page.evaluate("drawFrames", [base64.b64encode(data).decode(), content_type])
        return [Frame(_image(drawing), drawing["time"]) for drawing in found]

    def close(self) -> None:
        """Close the page."""
        self.context.close()


def _image(drawing: dict) -> Image.Image:
    return Image.frombytes("RGBA", (drawing["width"], drawing["height"]), base64.b64decode(drawing["levels"]))


def difference(one: Image.Image, other: Image.Image) -> float:
    """CIEDE2000 of two pictures at the 99th percentile of their pixels, on white or on black, whichever is more."""
    assert one.size == other.size
    grounds = colour_difference.ON_WHITE, colour_difference.ON_BLACK
    return max(float(np.percentile(colour_difference.on_ground(one, other, ground), 99)) for ground in grounds)
