"""What a server did over the run, as a strip: answers, the windows of reloads, and losses beneath."""

WIDTH, TOP, HEIGHT = 1000, 26, 34
SLICE = 0.1  # seconds of a slice of the timeline
COLUMNS = 250


def strip(report):
    """An SVG that stretches to the width it is given, with its meaning as text; nothing without a timeline."""
    slices, seconds = report["timeline"], report["load"]["seconds"]
    if not slices or seconds <= 0:
        return ""
    each = -(-len(slices) // COLUMNS)
    parts = [slices[at:at + each] for at in range(0, len(slices), each)]
    answered = [sum(part["answered"] for part in some) / len(some) for some in parts]
    lost = [sum(part["lost"] for part in some) for some in parts]
    most, scale = max(max(answered), 1), WIDTH / max(seconds, len(slices) * SLICE)
    edges = [round(at * each * SLICE * scale, 1) for at in range(len(parts))] + [round(len(slices) * SLICE * scale, 1)]
    area = f"M0 {TOP}" + "".join(
        f"L{left} {round(TOP - TOP * rate / most, 1)}H{right}"
        for left, right, rate in zip(edges, edges[1:], answered)
    ) + f"V{TOP}Z"
    marks = "".join(f"M{left} {TOP + 2}H{max(right, left + 3)}V{HEIGHT}H{left}Z"
                    for left, right, count in zip(edges, edges[1:], lost) if count)
    return (
        f'<svg class="strip" viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" role="img">'
        f"<title>{summary(seconds, answered, lost, each)}</title>{windows(report, scale)}"
        f'<path class="answers" d="{area}"/>' + (f'<path class="losses" d="{marks}"/>' if marks else "") + "</svg>"
    )


def windows(report, scale):
    """The reloads, each from its trigger to its end."""
    return "".join(
        f'<rect class="window" x="{round(begin * scale, 1)}" width="{max(round((end - begin) * scale, 1), 1)}"'
        f' height="{HEIGHT}"/>'
        for begin, end in ((reload["trigger_before"], reload["over"]) for reload in report["reloads"])
        if begin is not None
    )


def summary(seconds, answered, lost, each):
    """The same in words."""
    busy = [rate / SLICE for rate in answered]
    silent = sum(1 for rate in answered if rate == 0) * each * SLICE
    return (
        f"{seconds:.0f} s: up to {max(busy):.0f} answers a second, {silent:.1f} s without any, "
        f"{sum(lost)} lost; reloads are shaded"
    )
