"""The bar chart as PNG, drawn by Pillow: the extra ``mailcore-ses[charts]``."""

from __future__ import annotations

import io

from collections.abc import Sequence

from mailcore.errors import ConfigurationError
from mailcore_ses.account.statistics import DailyStatistics
from mailcore_ses.cli.chart import HEIGHT, INK, PAPER, WIDTH, Box, shapes


# Screens with two or more pixels to a point are the rule.
_PIXELS = 2
_ANCHORS = {"start": "ls", "middle": "ms", "end": "rs"}


def require_pillow() -> None:
    """
    Make sure that PNG can be drawn.

    Raises:
        ConfigurationError: If Pillow is not installed.
    """
    try:
        import PIL  # noqa: F401  # whether it is there
    except ImportError as error:
        raise ConfigurationError(
            "ses: PNG needs Pillow: pip install 'mailcore-ses[charts]', or choose .svg"
        ) from error


def png(figures: Sequence[DailyStatistics], title: str, time_zone: str = "UTC") -> bytes:
    """
    Draw the chart.

    Raises:
        ConfigurationError: If Pillow is not installed.
    """
    require_pillow()
    from PIL import Image, ImageDraw, ImageFont

    image = Image.new("RGB", (WIDTH * _PIXELS, HEIGHT * _PIXELS), PAPER)
    draw = ImageDraw.Draw(image)
    for shape in shapes(figures, title, time_zone):
        if isinstance(shape, Box):
            left, upper = shape.x * _PIXELS, shape.y * _PIXELS
            # Pillow draws the last pixel too, and nothing that is less than one wide.
            right = max(left, left + shape.width * _PIXELS - 1)
            lower = max(upper, upper + shape.height * _PIXELS - 1)
            draw.rectangle((left, upper, right, lower), fill=shape.colour)
            continue
        draw.text(
            (shape.x * _PIXELS, shape.y * _PIXELS),
            shape.text,
            fill=INK,
            font=ImageFont.load_default(shape.size * _PIXELS),
            anchor=_ANCHORS[shape.anchor],
        )
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return file.getvalue()
