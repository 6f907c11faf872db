"""A contact sheet that shows every step on one photograph, for visual inspection."""

from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

from transforms.engine import pipeline
from transforms.engine.errors import EngineError
from transforms.engine.job import Job
from transforms.engine.limits import Limits
from transforms.engine.picture_values import PictureValues
from transforms.engine.request.picture_parameters import POSITIONS
from transforms.engine.request.query import Query
from transforms.engine.vision import chosen

TILE, LETTERS, ACROSS = 240, 13, 6
MARGIN, CAPTION = 8, 40
PAPER, INK, CHECKS = (250, 250, 250), (20, 20, 20), ((255, 255, 255), (214, 214, 214))
CHECK = 12
MARKED = "w=240&mark=mark"
# One query per tile; `w` and `h` fit the tile, and the other parameters are the step that the tile shows.
EXAMPLES = (
    "w=240",
    "w=240&h=160&fit=fill",
    "w=160&h=240&fit=cover",
    "w=160&h=240&fit=cover&position=smart",
    "w=160&h=240&fit=cover&position=entropy",
    "w=160&h=240&fit=cover&position=top-right",
    "w=240&h=80&fit=cover",
    "w=240&h=80&fit=cover&position=smart",
    "w=240&h=80&fit=cover&position=entropy",
    "w=240&h=80&fit=cover&position=face",
    "w=160&h=240&fit=cover&position=face&debug=crop",
    "w=240&h=90&fit=cover&position=smart&debug=crop",
    "w=100&h=220&fit=cover&position=0.8,0.5&debug=crop",
    "w=240&h=240&fit=pad&background=246",
    "w=240&crop=0.25,0.1,0.5,0.5",
    "w=240&rotate=90",
    "w=240&rotate=180",
    "w=240&flip=h",
    "w=240&flip=v",
    "w=200&padding=20&background=c60",
    "w=200&padding=20&background=c608",
    "w=240&radius=40",
    "w=240&h=240&fit=cover&radius=max",
    "w=240&trim=20",
    "w=240&blur=4",
    "w=240&sharpen=4",
    "w=240&brightness=1.4",
    "w=240&contrast=1.6",
    "w=240&gamma=1.8",
    "w=240&saturation=2",
    "w=240&hue=120",
    "w=240&grayscale=1",
    "w=240&tint=2060c0",
    "w=240&background-remove=1",
    "w=240&background-remove=1&background=2a9",
    *(f"{MARKED}&mark-w=0.25&mark-padding=10&mark-position={name}" for name in POSITIONS),
    f"{MARKED}&mark-w=0.5&mark-opacity=0.5&mark-position=center",
    f"{MARKED}&mark-w=60&radius=max&background=fff",
    "w=240&format=jpeg&quality=5",
    "w=240&format=webp&quality=5",
    "w=240&format=avif&quality=5",
    "w=240&format=gif",
)


def sheet(photograph: bytes, mark: bytes, limits: Limits) -> Image.Image:
    """Every example of the photograph, with its query under it; transparent parts show as a checkerboard."""
    height = TILE + CAPTION + MARGIN
    rows = -(-len(EXAMPLES) // ACROSS)
    canvas = Image.new("RGB", (ACROSS * (TILE + MARGIN) + MARGIN, rows * height + MARGIN), PAPER)
    pen, font = ImageDraw.Draw(canvas), ImageFont.load_default(LETTERS)
    for index, query in enumerate(EXAMPLES):
        corner = (MARGIN + index % ACROSS * (TILE + MARGIN), MARGIN + index // ACROSS * height)
        caption = query.replace("mark=mark&", "mark&").replace("&", " ")
        try:
            _show(canvas, example(query, photograph, mark, limits), corner)
        except EngineError as error:
            caption = f"{caption} — {error.code}"
        for line, text in enumerate(chosen.wrap(caption, lambda text: pen.textlength(text, font) <= TILE)):
            pen.text((corner[0], corner[1] + TILE + 2 + line * (LETTERS + 2)), text, INK, font)
    return canvas


def example(query: str, photograph: bytes, mark: bytes, limits: Limits) -> Image.Image:
    """One example, rendered and decoded. Raises EngineError."""
    parsed = Query.parse(f"src=photograph&{query}").spec("transform")
    sources = (photograph,) if parsed.mark is None else (photograph, mark)
    values: PictureValues = {**parsed.values}
    if parsed.mark is not None:
        values["mark"] = True
    output = pipeline.render(Job("transform", values, parsed.format or "png", sources, limits))
    return Image.open(BytesIO(output.body)).convert("RGBA")


def badge() -> bytes:
    """A sample mark: a ring that is transparent in the middle, as PNG bytes."""
    image = Image.new("RGBA", (200, 120), (0, 0, 0, 0))
    pen = ImageDraw.Draw(image)
    pen.rounded_rectangle((4, 4, 195, 115), 30, outline=(255, 255, 255, 255), width=12)
    pen.text((100, 60), "mark", (255, 255, 255, 255), ImageFont.load_default(56), anchor="mm")
    buffer = BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def _show(canvas: Image.Image, image: Image.Image, corner: tuple[int, int]) -> None:
    """Paste the image on a checkerboard, in the middle of its tile."""
    image.thumbnail((TILE, TILE))
    checkerboard = Image.new("RGB", image.size, CHECKS[0])
    pen = ImageDraw.Draw(checkerboard)
    for x in range(0, image.width, CHECK):
        for y in range(x // CHECK % 2 * CHECK, image.height, 2 * CHECK):
            pen.rectangle((x, y, x + CHECK - 1, y + CHECK - 1), fill=CHECKS[1])
    checkerboard.paste(image, mask=image.getchannel("A"))
    canvas.paste(checkerboard, (corner[0] + (TILE - image.width) // 2, corner[1] + (TILE - image.height) // 2))
