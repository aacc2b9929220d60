#!/usr/bin/env python3
"""Draws the pictures of docs/concepts.md. `docs/pictures/draw.py` writes them; `--check` says whether they are so.

Shapes have two colours, one for light pages and one for dark ones, chosen by the reader's own setting. Texts are the
system's, so that they can be read aloud and searched.
"""

from __future__ import annotations

import sys
from pathlib import Path
from xml.sax.saxutils import escape

FOLDER = Path(__file__).resolve().parent
STYLE = """
  text { font: 14px system-ui, sans-serif; fill: #1f2328; }
  .small { font-size: 12px; fill: #57606a; }
  .line { stroke: #57606a; stroke-width: 1.5; fill: none; }
  .box { fill: #f6f8fa; stroke: #8c959f; stroke-width: 1.5; }
  .good { fill: #aceebb; stroke: #1a7f37; stroke-width: 1.5; }
  .used { fill: #d0d7de; stroke: #8c959f; stroke-width: 1.5; }
  .held { fill: #fae17d; stroke: #9a6700; stroke-width: 1.5; }
  .owed { fill: #ffcecb; stroke: #cf222e; stroke-width: 1.5; }
  .tip { fill: #57606a; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .small { fill: #9198a1; }
    .line { stroke: #9198a1; }
    .box { fill: #21262d; stroke: #6e7681; }
    .good { fill: #1b4a28; stroke: #3fb950; }
    .used { fill: #373e47; stroke: #6e7681; }
    .held { fill: #5a4306; stroke: #d29922; }
    .owed { fill: #67171b; stroke: #f85149; }
    .tip { fill: #9198a1; }
  }
"""


class Picture:
    """Shapes on a ground of a given size."""

    def __init__(self, name: str, about: str, width: int, height: int) -> None:
        self.name, self.about, self.width, self.height = name, about, width, height
        self.shapes: list[str] = []

    def box(self, x: int, y: int, width: int, height: int, kind: str, text: str = "") -> None:
        self.shapes.append(f'<rect class="{kind}" x="{x}" y="{y}" width="{width}" height="{height}" rx="4"/>')
        if text:
            self.text(x + width // 2, y + height // 2 + 5, text, "middle")

    def text(self, x: int, y: int, text: str, anchor: str = "start", kind: str = "") -> None:
        style = f' class="{kind}"' if kind else ""
        self.shapes.append(f'<text x="{x}" y="{y}" text-anchor="{anchor}"{style}>{escape(text)}</text>')

    def small(self, x: int, y: int, text: str, anchor: str = "start") -> None:
        self.text(x, y, text, anchor, "small")

    def arrow(self, *points: tuple[int, int]) -> None:
        path = " ".join(f"{x},{y}" for x, y in points)
        self.shapes.append(f'<polyline class="line" points="{path}" marker-end="url(#tip)"/>')

    def line(self, *points: tuple[int, int]) -> None:
        self.shapes.append(f'<polyline class="line" points="{" ".join(f"{x},{y}" for x, y in points)}"/>')

    def svg(self) -> str:
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" width="{self.width}" '
            f'height="{self.height}" role="img">\n<title>{escape(self.about)}</title>\n<style>{STYLE}</style>\n'
            '<defs><marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" '
            'orient="auto-start-reverse"><path class="tip" d="M0 0 L10 5 L0 10 z"/></marker></defs>\n'
        )
        return head + "\n".join(self.shapes) + "\n</svg>\n"


def life() -> Picture:
    picture = Picture("grant-life", "The states of a grant, and what leads from one to the next", 720, 250)
    picture.box(20, 30, 160, 44, "box", "PAYMENT_PENDING")
    picture.box(20, 150, 160, 44, "box", "SCHEDULED")
    picture.box(290, 90, 140, 44, "good", "ACTIVE")
    picture.box(550, 30, 140, 44, "used", "EXPIRED")
    picture.box(550, 150, 140, 44, "used", "VOIDED")
    picture.arrow((180, 52), (240, 52), (240, 104), (290, 104))
    picture.small(188, 44, "paid")
    picture.arrow((100, 74), (100, 150))
    picture.small(108, 116, "paid, to begin later")
    picture.arrow((180, 172), (240, 172), (240, 120), (290, 120))
    picture.small(188, 190, "effectiveAt")
    picture.arrow((430, 104), (490, 104), (490, 52), (550, 52))
    picture.small(496, 44, "expireAt")
    picture.arrow((430, 120), (490, 120), (490, 172), (550, 172))
    picture.small(496, 190, "void")
    picture.small(360, 152, "only now it counts", "middle")
    picture.small(360, 230, "What was consumed stays consumed. Only the rest expires, or is voided.", "middle")
    return picture


def order() -> Picture:
    picture = Picture("burn-order", "Sixty credits are taken from three grants in burn order", 720, 250)
    picture.small(20, 24, "priority · expires · kind")
    picture.small(700, 24, "consume 60", "end")
    rows = [
        ("1 · 1 Sep · promotional", 20, 20, "20 of 20 taken"),
        ("1 · 1 Sep · paid", 50, 40, "40 of 50 taken"),
        ("2 · 15 Aug · promotional", 100, 0, "0 of 100 taken"),
    ]
    for index, (label, amount, taken, told) in enumerate(rows):
        y = 40 + index * 58
        picture.text(20, y + 25, f"{index + 1}.  {label}")
        if taken:
            picture.box(260, y, taken * 3, 38, "used")
        if taken < amount:
            picture.box(260 + taken * 3, y, (amount - taken) * 3, 38, "good")
        picture.small(270 + amount * 3, y + 24, told)
    told = "Lower priority first; then what ends sooner; then promotional, recurring, paid; then the older."
    picture.small(20, 234, told)
    return picture


def holds() -> Picture:
    picture = Picture("holds", "A hold takes credits out of the balance, and a release settles it", 720, 230)
    steps = [
        (20, "granted 100", [(100, "good", "100 available")]),
        (260, "reserve 75", [(75, "held", "75 held"), (25, "good", "25")]),
        (500, "release, 30 used", [(30, "used", "30"), (70, "good", "70 available")]),
    ]
    for x, title, parts in steps:
        picture.text(x, 40, title)
        for amount, kind, text in parts:
            picture.box(x, 60, amount * 2, 44, kind, text)
            x += amount * 2
    picture.arrow((228, 82), (252, 82))
    picture.arrow((468, 82), (492, 82))
    picture.line((360, 104), (360, 150))
    picture.arrow((360, 150), (120, 150), (120, 112))
    picture.small(240, 142, "its time is over: all 75 come back", "middle")
    told = "A hold never overdraws: a reserve that the balance does not cover is refused, and nothing is held."
    picture.small(20, 200, told)
    return picture


def overdraft() -> Picture:
    picture = Picture("overdraft", "A deficit is owed by the overdraft grant until later credits settle it", 720, 250)
    picture.text(20, 36, "10 left, consume 25")
    picture.box(20, 50, 100, 40, "used", "10")
    picture.box(120, 50, 150, 40, "owed", "overdraft 15")
    picture.text(20, 118, "balance −15")
    picture.arrow((290, 70), (360, 70))
    picture.small(325, 60, "grant 50", "middle")
    picture.text(380, 36, "the deficit moves to the new grant")
    picture.box(380, 50, 90, 40, "used", "15")
    picture.box(470, 50, 210, 40, "good", "35")
    picture.text(380, 118, "balance 35")
    picture.small(20, 170, "In the ledger, in one commit:")
    picture.small(40, 192, "CREDITS_GRANTED +50  ·  CREDITS_CONSUMPTION_TRANSFER_SOURCE +15 on the overdraft grant")
    told = "CREDITS_CONSUMPTION_TRANSFER_TARGET −15 on the new grant  ·  CREDITS_VOIDED 0: it owes nothing"
    picture.small(40, 212, told)
    picture.small(20, 240, "A deficit exists only while nothing usable is left.")
    return picture


def expiry() -> Picture:
    picture = Picture("expiry", "A grant counts from effectiveAt until just before expireAt", 720, 220)
    picture.line((40, 120), (690, 120))
    for x, text in ((160, "effectiveAt"), (520, "expireAt")):
        picture.line((x, 60), (x, 128))
        picture.text(x, 148, text, "middle")
    picture.box(160, 70, 360, 40, "good", "counts: effectiveAt ≤ now < expireAt")
    picture.small(100, 94, "SCHEDULED", "middle")
    picture.small(610, 94, "EXPIRED: the rest is gone", "middle")
    picture.small(690, 138, "time", "end")
    told = "Exact to the millisecond at every read, whether or not any worker has run; the ledger's rows"
    picture.small(40, 186, told)
    picture.small(40, 206, "carry these instants. What a hold has of it can still be released and charged.")
    return picture


def main() -> int:
    stale = []
    for picture in (life(), order(), holds(), overdraft(), expiry()):
        path = FOLDER / f"{picture.name}.svg"
        if "--check" not in sys.argv:
            path.write_text(picture.svg())
        elif not path.exists() or path.read_text() != picture.svg():
            stale.append(path.name)
    if stale:
        print(f"not as docs/pictures/draw.py draws them: {', '.join(stale)}")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
