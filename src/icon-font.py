# /// script
# requires-python = ">=3.10"
# dependencies = ["fonttools==4.63.0"]
# ///
"""Draws media/armt.woff, the status bar's icon: the thread of media/activity.svg without its small dots."""

from math import cos, pi, sin

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen

UNITS = 960  # 40 units to one of the drawing's 24 pixels
SCALE = 40
STEPS = 24


def place(x: float, y: float) -> tuple[int, int]:
    """A point of the drawing (y down) in units of the font (y up)."""
    return round(x * SCALE), round((24 - y) * SCALE)


def circle(pen: TTGlyphPen, x: float, y: float, radius: float, inner: bool = False) -> None:
    """A circle as a polygon; `inner` turns it around, which makes a hole."""
    turn = 1 if inner else -1
    points = [place(x + radius * cos(2 * pi * i / 32), y - turn * radius * sin(2 * pi * i / 32)) for i in range(32)]
    outline(pen, points)


def outline(pen: TTGlyphPen, points: list[tuple[int, int]]) -> None:
    pen.moveTo(points[0])
    for point in points[1:]:
        pen.lineTo(point)
    pen.closePath()


def cubic(p0, p1, p2, p3, t: float) -> tuple[float, float, float, float]:
    """Point and direction of a cubic curve at t."""
    u = 1 - t
    point = [u**3 * a + 3 * u * u * t * b + 3 * u * t * t * c + t**3 * d for a, b, c, d in zip(p0, p1, p2, p3)]
    slope = [3 * u * u * (b - a) + 6 * u * t * (c - b) + 3 * t * t * (d - c) for a, b, c, d in zip(p0, p1, p2, p3)]
    return point[0], point[1], slope[0], slope[1]


def stroke(pen: TTGlyphPen, curves, width: float) -> None:
    left, right = [], []
    for curve in curves:
        for i in range(STEPS + 1):
            x, y, dx, dy = cubic(*curve, i / STEPS)
            length = (dx * dx + dy * dy) ** 0.5
            nx, ny = -dy / length * width / 2, dx / length * width / 2
            left.append(place(x + nx, y + ny))
            right.append(place(x - nx, y - ny))
    outline(pen, right + left[::-1])


def main() -> None:
    pen = TTGlyphPen(None)
    circle(pen, 4.5, 19.5, 2.6)
    circle(pen, 12, 12, 2.6)
    circle(pen, 18.7, 5.3, 3.6)
    circle(pen, 18.7, 5.3, 1.9, inner=True)
    stroke(
        pen,
        [
            ((4.5, 19.5), (4.5, 14.2), (7.2, 12), (12, 12)),
            ((12, 12), (15.6, 12), (17.4, 10.6), (18, 7.8)),
        ],
        1.7,
    )
    empty = TTGlyphPen(None)
    font = FontBuilder(UNITS, isTTF=True)
    font.setupGlyphOrder([".notdef", "armt"])
    font.setupCharacterMap({0xE001: "armt"})
    font.setupGlyf({".notdef": empty.glyph(), "armt": pen.glyph()})
    font.setupHorizontalMetrics({".notdef": (UNITS, 0), "armt": (UNITS, 0)})
    font.setupHorizontalHeader(ascent=UNITS, descent=0)
    font.setupNameTable({"familyName": "armt", "styleName": "Regular"})
    font.setupOS2(sTypoAscender=UNITS, sTypoDescender=0, usWinAscent=UNITS, usWinDescent=0)
    font.setupPost()
    font.font.flavor = "woff"
    font.font.recalcTimestamp = False
    font.font["head"].created = font.font["head"].modified = 0
    font.save("media/armt.woff")


if __name__ == "__main__":
    main()
