"""Paints the demo's pictures: small landscapes out of gradients and layered ridges.

Everything follows from the file name, so a picture is the same on every machine and
none needs to be kept in the repository.
"""

from __future__ import annotations

import hashlib
import io
import math
import random

from PIL import Image, ImageChops, ImageDraw, ImageFilter

Colour = tuple[int, int, int]

SIZES = {"poster": (600, 900), "cover": (800, 800), "portrait": (480, 480)}
_DEFAULT_SIZE = (1200, 800)

# Sky from top to bottom, then far and near ground; each scene has a few moods.
_MOODS: dict[str, list[tuple[str, str, str, str, str]]] = {
    "hills": [
        ("#2b3a67", "#e0816a", "#ffd9a0", "#c98b7b", "#3a2c3f"),
        ("#5b8fb9", "#b6d7e8", "#fdf3dc", "#9db9a9", "#2f4f3e"),
        ("#43305f", "#b5576f", "#f6b26b", "#9a6a83", "#2a1e3a"),
    ],
    "coast": [
        ("#0f2447", "#28558b", "#f0a868", "#234a73", "#0b1d36"),
        ("#3d4f66", "#8ea0ad", "#e9dcc0", "#5d7485", "#26323f"),
        ("#593a6e", "#d9757a", "#ffd08a", "#7d5878", "#33204a"),
    ],
    "forest": [
        ("#c9d6cf", "#e8e4cf", "#f4e3b2", "#8fa387", "#23331f"),
        ("#f0c987", "#f6dfae", "#fbeecf", "#b98746", "#3a2716"),
    ],
    "fog": [
        ("#b9c2c6", "#d5d9d8", "#ece9e1", "#a3adaf", "#4d5558"),
        ("#9fb0b5", "#c8d0cd", "#e7dfcc", "#8b999b", "#3c4648"),
    ],
    "snow": [
        ("#9db7d5", "#d9e4ef", "#fbf1e6", "#e3ebf3", "#f7fafc"),
        ("#6b7fa8", "#c8b8d0", "#f8d9c8", "#d5dcea", "#f2f5fa"),
    ],
    "field": [
        ("#5f9bc4", "#bfdcea", "#fbf3d5", "#c9b25a", "#7d6a24"),
        ("#d4b483", "#f0d9a8", "#fdf0d0", "#b5a04c", "#5f5420"),
    ],
    "town": [
        ("#7fb1d3", "#d6e6ec", "#fdeed4", "#c97f5b", "#8a3f35"),
        ("#e0a06f", "#f5cf9d", "#fdebcb", "#b8645a", "#5f2f3d"),
    ],
    "night": [
        ("#070b1d", "#101a3a", "#27325c", "#131a33", "#04060f"),
        ("#0a0f14", "#12262e", "#2c4a4d", "#0e1c20", "#030708"),
    ],
}


def paint(name: str) -> bytes:
    """Return the JPEG that a file name of the demo stands for.

    Args:
        name: `scene-seed.jpg`.

    Raises:
        KeyError: If there is no such scene.
    """
    scene, _, seed = name.removesuffix(".jpg").partition("-")
    dice = random.Random(hashlib.sha256(seed.encode()).digest())
    size = SIZES.get(scene, _DEFAULT_SIZE)
    if scene in {"poster", "cover"}:
        image = _geometry(size, dice)
    elif scene == "portrait":
        image = _portrait(size)
    else:
        image = _landscape(scene, size, dice)
    out = io.BytesIO()
    _grain(image, dice).save(out, "JPEG", quality=82, optimize=True, progressive=True)
    return out.getvalue()


def _landscape(scene: str, size: tuple[int, int], dice: random.Random) -> Image.Image:
    mood = [_rgb(c) for c in dice.choice(_MOODS[scene])]
    image = _gradient(size, mood[:3])
    width, height = size
    horizon = height * dice.uniform(0.5, 0.64)
    if scene == "night":
        _stars(image, horizon, dice)
    if scene not in {"fog", "forest", "snow"} or dice.random() < 0.3:
        _disc(image, horizon, dice, night=scene == "night")
    if scene == "coast":
        _sea(image, horizon, mood, dice)
    elif scene == "town":
        _houses(image, horizon, mood, dice)
    else:
        layers = 6 if scene in {"hills", "fog"} else 4
        for n in range(layers):
            near = n / (layers - 1)
            base = horizon + (height - horizon) * near * 0.75
            rough = {"field": 0.25, "snow": 0.6}.get(scene, 1.0)
            colour = _mix(mood[3], mood[4], near)
            ridge = _ridge(width, base, height * 0.09 * rough * (1.2 - near), dice)
            _ground(image, ridge, colour, haze=0.0 if scene == "night" else 1 - near)
            if scene in {"forest", "fog"} or (scene == "snow" and n == 2):
                _trees(image, ridge, _mix(colour, (0, 0, 0), 0.35), dice, near)
            if scene == "field" and n == layers - 1:
                _furrows(image, ridge, colour, dice)
                _oak(image, ridge, dice)
        if scene == "night":
            _windows(image, horizon, dice)
    return image


def _gradient(size: tuple[int, int], stops: list[Colour]) -> Image.Image:
    strip = Image.new("RGB", (1, 256))
    for y in range(256):
        place = y / 255 * (len(stops) - 1)
        low = min(int(place), len(stops) - 2)
        strip.putpixel((0, y), _mix(stops[low], stops[low + 1], place - low))
    return strip.resize(size, Image.Resampling.BICUBIC)


def _ridge(width: int, base: float, swing: float, dice: random.Random) -> list[float]:
    waves = [
        (dice.uniform(0.6, 1.6) * 2**k, dice.uniform(0, 6.3), swing / 1.9**k)
        for k in range(6)
    ]
    return [
        base + sum(a * math.sin(f * x / width * 6.28 + p) for f, p, a in waves)
        for x in range(0, width + 4, 4)
    ]


def _ground(
    image: Image.Image, ridge: list[float], colour: Colour, haze: float
) -> None:
    width, height = image.size
    layer = _gradient(image.size, [_mix(colour, (255, 244, 225), 0.25 * haze), colour])
    mask = Image.new("L", image.size)
    points = [(i * 4.0, y) for i, y in enumerate(ridge)]
    ImageDraw.Draw(mask).polygon([*points, (width, height), (0, height)], fill=255)
    image.paste(layer, (0, 0), mask.filter(ImageFilter.GaussianBlur(0.8)))


def _disc(
    image: Image.Image, horizon: float, dice: random.Random, *, night: bool
) -> None:
    width, _ = image.size
    x, y = width * dice.uniform(0.2, 0.8), horizon * dice.uniform(0.35, 0.95)
    radius = width * dice.uniform(0.025, 0.05)
    light = (236, 238, 250) if night else (255, 240, 205)
    for spread, strength in ((7.0, 60), (3.0, 90), (1.0, 255)):
        mask = Image.new("L", image.size)
        r = radius * spread
        ImageDraw.Draw(mask).ellipse((x - r, y - r, x + r, y + r), fill=strength)
        mask = mask.filter(ImageFilter.GaussianBlur(r * 0.55 if spread > 1 else 1.2))
        image.paste(Image.new("RGB", image.size, light), (0, 0), mask)


def _stars(image: Image.Image, horizon: float, dice: random.Random) -> None:
    draw = ImageDraw.Draw(image)
    for _ in range(520):
        x, y = dice.uniform(0, image.width), dice.uniform(0, horizon * 1.1)
        r, shade = dice.choice((0.6, 0.6, 0.9, 1.6)), dice.randint(130, 255)
        draw.ellipse(
            (x - r, y - r, x + r, y + r), fill=(shade, shade, min(255, shade + 20))
        )


def _sea(
    image: Image.Image, horizon: float, mood: list[Colour], dice: random.Random
) -> None:
    width, height = image.size
    far = _ridge(width, horizon - 6, height * 0.03, dice)
    _ground(image, far, _mix(mood[3], mood[2], 0.25), haze=1.0)
    water = _gradient(
        (width, height - int(horizon)), [_mix(mood[2], mood[3], 0.45), mood[3], mood[4]]
    )
    image.paste(water, (0, int(horizon)))
    glints = Image.new("L", image.size)
    draw = ImageDraw.Draw(glints)
    middle = width * dice.uniform(0.3, 0.7)
    for _ in range(900):
        depth = dice.random() ** 1.6
        y = horizon + 2 + depth * (height - horizon)
        x = dice.gauss(middle, width * (0.06 + 0.22 * depth))
        length = (6 + 60 * depth) * dice.uniform(0.4, 1.2)
        draw.line(
            (x - length, y, x + length, y),
            fill=dice.randint(30, 150),
            width=1 + int(2 * depth),
        )
    image.paste(
        Image.new("RGB", image.size, mood[2]),
        (0, 0),
        glints.filter(ImageFilter.GaussianBlur(0.9)),
    )
    if dice.random() < 0.7:
        _boat(image, horizon, mood[4], dice)


def _boat(
    image: Image.Image, horizon: float, colour: Colour, dice: random.Random
) -> None:
    draw = ImageDraw.Draw(image)
    x, y = image.width * dice.uniform(0.15, 0.85), horizon + image.height * 0.05
    s = image.width * 0.02
    draw.polygon(
        [
            (x - 1.6 * s, y),
            (x + 1.8 * s, y),
            (x + 1.2 * s, y + 0.6 * s),
            (x - 1.2 * s, y + 0.6 * s),
        ],
        fill=colour,
    )
    draw.polygon(
        [(x, y - 0.15 * s), (x, y - 3 * s), (x + 1.5 * s, y - 0.15 * s)],
        fill=_mix(colour, (255, 255, 255), 0.8),
    )


def _houses(
    image: Image.Image, horizon: float, mood: list[Colour], dice: random.Random
) -> None:
    width, height = image.size
    draw = ImageDraw.Draw(image)
    for row in range(4):
        near = row / 3
        base = horizon + (height - horizon) * (0.15 + 0.85 * near)
        x = -40.0
        while x < width:
            w = dice.uniform(60, 120) * (0.6 + 0.8 * near)
            h = w * dice.uniform(0.9, 1.9)
            wall = _mix(
                _mix(mood[3], (250, 235, 205), dice.uniform(0.1, 0.75)),
                mood[1],
                0.45 * (1 - near),
            )
            roof = _mix(
                _mix(mood[4], mood[3], dice.random() * 0.5), mood[1], 0.4 * (1 - near)
            )
            draw.rectangle((x, base - h, x + w, height), fill=wall)
            draw.polygon(
                [
                    (x - 4, base - h),
                    (x + w / 2, base - h - w * 0.55),
                    (x + w + 4, base - h),
                ],
                fill=roof,
            )
            step = w / 3.2
            for wx in range(2):
                for wy in range(int(h // (step * 1.3))):
                    left, top = (
                        x + step * (0.55 + 1.25 * wx),
                        base - h + step * (0.5 + 1.3 * wy),
                    )
                    lit = (
                        (255, 226, 150)
                        if dice.random() < 0.18
                        else _mix(wall, (40, 45, 70), 0.55)
                    )
                    draw.rectangle(
                        (left, top, left + step * 0.7, top + step * 0.85), fill=lit
                    )
            x += w


def _trees(
    image: Image.Image,
    ridge: list[float],
    colour: Colour,
    dice: random.Random,
    near: float,
) -> None:
    draw = ImageDraw.Draw(image)
    size = image.height * (0.04 + 0.2 * near)
    x = 0.0
    while x < image.width:
        y = ridge[int(x) // 4] + 4
        tall = size * dice.uniform(0.6, 1.2)
        for k in range(4):
            top, half = y - tall * (1 - 0.2 * k), tall * (0.07 + 0.05 * k)
            draw.polygon(
                [
                    (x, top),
                    (x - half, top + tall * 0.36),
                    (x + half, top + tall * 0.36),
                ],
                fill=colour,
            )
        x += tall * dice.uniform(0.16, 0.5)


def _furrows(
    image: Image.Image, ridge: list[float], colour: Colour, dice: random.Random
) -> None:
    layer = image.copy()
    draw = ImageDraw.Draw(layer)
    vanish = image.width * dice.uniform(0.3, 0.7)
    top = min(ridge) - 4
    for n in range(-60, 61):
        shade = _mix(colour, (0, 0, 0) if n % 2 else (255, 240, 190), 0.16)
        draw.line(
            (vanish + n * 4, top, vanish + n * 70, image.height), fill=shade, width=8
        )
    mask = Image.new("L", image.size)
    points = [(i * 4.0, y) for i, y in enumerate(ridge)]
    ImageDraw.Draw(mask).polygon(
        [*points, (image.width, image.height), (0, image.height)], fill=170
    )
    image.paste(layer, (0, 0), mask)


def _oak(image: Image.Image, ridge: list[float], dice: random.Random) -> None:
    draw = ImageDraw.Draw(image)
    x = image.width * dice.uniform(0.25, 0.75)
    y, s = ridge[int(x) // 4] + 6, image.height * 0.1
    draw.rectangle((x - s * 0.07, y - s, x + s * 0.07, y), fill=(52, 40, 26))
    for _ in range(60):
        angle, far = dice.uniform(0, 6.3), dice.random() ** 0.5
        cx, cy, r = (
            x + math.cos(angle) * s * far,
            y - s * 1.45 + math.sin(angle) * s * 0.72 * far,
            s * 0.26,
        )
        shade = dice.randint(-14, 18)
        draw.ellipse(
            (cx - r, cy - r, cx + r, cy + r), fill=(62 + shade, 78 + shade, 36 + shade)
        )


def _windows(image: Image.Image, horizon: float, dice: random.Random) -> None:
    draw = ImageDraw.Draw(image)
    glow = Image.new("L", image.size)
    soft = ImageDraw.Draw(glow)
    for _ in range(dice.randint(6, 26)):
        x = dice.gauss(image.width * 0.55, image.width * 0.18)
        y = horizon + abs(dice.gauss(30, 40))
        soft.ellipse((x - 14, y - 14, x + 14, y + 14), fill=150)
        draw.rectangle((x - 2, y - 3, x + 2, y + 3), fill=(255, 224, 150))
    light = Image.new("RGB", image.size, (255, 190, 100))
    image.paste(light, (0, 0), glow.filter(ImageFilter.GaussianBlur(9)))


def _geometry(size: tuple[int, int], dice: random.Random) -> Image.Image:
    """A poster in the manner of the fifties: three colours and a few shapes."""
    sets = (
        ("#f2e8d5", "#d1495b", "#22333b"), ("#1d3557", "#e9c46a", "#f1faee"),
        ("#e8dab2", "#2a6f6b", "#c8553d"), ("#2b2d42", "#ef8354", "#edf2f4"),
        ("#f4f1de", "#3d405b", "#e07a5f"), ("#173f5f", "#f6d55c", "#ed553b"),
    )  # fmt: skip
    ground, first, second = (_rgb(c) for c in dice.choice(sets))
    image = Image.new("RGB", size, ground)
    draw = ImageDraw.Draw(image)
    width, height = size
    r = width * dice.uniform(0.22, 0.36)
    x, y = width * dice.uniform(0.35, 0.65), height * dice.uniform(0.28, 0.5)
    draw.ellipse((x - r, y - r, x + r, y + r), fill=first)
    kind = dice.randrange(3)
    if kind == 0:
        for n in range(7):
            top = height * (0.62 + 0.055 * n)
            draw.rectangle((0, top, width, top + height * 0.026), fill=second)
    elif kind == 1:
        draw.polygon(
            [
                (0, height),
                (width * dice.uniform(0.3, 0.7), height * 0.45),
                (width, height),
            ],
            fill=second,
        )
    else:
        for n in range(5):
            k = width * (0.12 + 0.16 * n)
            draw.arc(
                (x - k, y - k, x + k, y + k),
                20,
                200,
                fill=second,
                width=int(width * 0.03),
            )
    return image


def _portrait(size: tuple[int, int]) -> Image.Image:
    """Ines, as she would draw herself."""
    image = _gradient(size, [_rgb("#f2c9a1"), _rgb("#e8a598"), _rgb("#b56576")])
    draw = ImageDraw.Draw(image)
    w, h = size
    draw.ellipse((w * 0.22, h * 0.12, w * 0.78, h * 0.82), fill=_rgb("#4a2c2a"))
    draw.rectangle((w * 0.22, h * 0.45, w * 0.78, h * 0.78), fill=_rgb("#4a2c2a"))
    draw.rounded_rectangle(
        (w * 0.1, h * 0.78, w * 0.9, h * 1.3), w * 0.25, fill=_rgb("#2a6f6b")
    )
    draw.rectangle((w * 0.43, h * 0.64, w * 0.57, h * 0.82), fill=_rgb("#eebc9a"))
    draw.ellipse((w * 0.3, h * 0.24, w * 0.7, h * 0.74), fill=_rgb("#f6cfae"))
    draw.pieslice(
        (w * 0.27, h * 0.14, w * 0.73, h * 0.62), 180, 360, fill=_rgb("#4a2c2a")
    )
    for x in (0.42, 0.58):
        draw.ellipse(
            (w * (x - 0.02), h * 0.46, w * (x + 0.02), h * 0.5), fill=_rgb("#2d1b1a")
        )
    draw.arc(
        (w * 0.42, h * 0.52, w * 0.58, h * 0.64), 20, 160, fill=_rgb("#a3453f"), width=6
    )
    return image.filter(ImageFilter.GaussianBlur(0.7))


def _grain(image: Image.Image, dice: random.Random) -> Image.Image:
    # WHY not Image.effect_noise: it draws from the C library and differs at each run.
    small = (image.width // 2, image.height // 2)
    noise = Image.frombytes("L", small, dice.randbytes(small[0] * small[1]))
    flat = Image.new("L", image.size, 128)
    grain = Image.blend(flat, noise.resize(image.size), 0.07).convert("RGB")
    return ImageChops.overlay(image, grain)


def _mix(a: Colour, b: Colour, share: float) -> Colour:
    share = min(1.0, max(0.0, share))
    mixed = [round(x + (y - x) * share) for x, y in zip(a, b, strict=True)]
    return (mixed[0], mixed[1], mixed[2])


def _rgb(text: str) -> Colour:
    return (int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16))
