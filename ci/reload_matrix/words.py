"""Figures as people read them."""

import re


def count(number):
    """With narrow spaces between groups of three digits."""
    return f"{number:,}".replace(",", "\u202f")


def milliseconds(value):
    """A duration in a unit that suits it."""
    if value is None:
        return "–"
    if value < 10:
        return f"{value:.1f} ms"
    return f"{value:.0f} ms" if value < 1000 else f"{value / 1000:.1f} s"


def ratio(value):
    """How many times."""
    if value is None:
        return "–"
    return f"× {value:.1f}" if value < 10 else f"× {value:.0f}"


def version(text):
    """What a server says of its version, without what it says of itself besides."""
    if not text:
        return "–"
    for noise in ("Server version: ", "nginx version: ", "Running ", " - a light and fast webserver"):
        text = text.replace(noise, "")
    text = re.split(r" (?:with CPython|[0-9]{4}/[0-9]{2}/|- https?:)", text)[0]
    return re.sub(r" \(?version ([0-9.]+[^ )]*)\)?", r" \1", text).strip()

