"""The page around a drawing: style, and a script to move, to zoom and to see what is joined to what."""

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>{title}</title>
<style>
  html, body {{ margin: 0; height: 100%; font: 13px/1.4 system-ui, sans-serif; background: #f6f7f9; color: #1d2733; }}
  h1 {{ position: fixed; margin: 0; padding: 10px 16px; font-size: 15px; }}
  svg {{ display: block; width: 100%; height: 100%; cursor: grab; }}
  rect {{ stroke: #9aa5b1; }}
  path {{ fill: none; stroke: #52606d; stroke-width: 1.5; }}
  path.waits {{ marker-end: url(#arrow); }}
  path.other {{ stroke: #b3bcc6; stroke-dasharray: 4 4; }}
  .head {{ font-weight: 600; font-size: 12px; }}
  .faint {{ opacity: .2; }}
</style>
<h1>{title}</h1>
<svg viewBox="0 0 {width} {height}">
<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">
<path d="M0 0L8 4L0 8z" style="fill:#52606d;stroke:none"/></marker></defs>
{drawing}
</svg>
<script>
  const svg = document.querySelector("svg"), view = svg.viewBox.baseVal;
  const issues = [...svg.querySelectorAll(".issue")], paths = [...svg.querySelectorAll("path[data-ends]")];
  for (const issue of issues) {{
    issue.onpointerenter = () => {{
      const near = new Set([issue.dataset.id]);
      for (const path of paths) {{
        const ends = path.dataset.ends.split(" ");
        path.classList.toggle("faint", !ends.includes(issue.dataset.id));
        if (ends.includes(issue.dataset.id)) ends.forEach((end) => near.add(end));
      }}
      for (const other of issues) other.classList.toggle("faint", !near.has(other.dataset.id));
    }};
    issue.onpointerleave = () => [...issues, ...paths].forEach((each) => each.classList.remove("faint"));
  }}
  svg.onpointermove = (event) => {{
    if (!event.buttons) return;
    view.x -= event.movementX * view.width / svg.clientWidth;
    view.y -= event.movementY * view.height / svg.clientHeight;
  }};
  svg.onwheel = (event) => {{
    event.preventDefault();
    const factor = event.deltaY > 0 ? 1.1 : 1 / 1.1;
    view.x += view.width * (1 - factor) * event.offsetX / svg.clientWidth;
    view.y += view.height * (1 - factor) * event.offsetY / svg.clientHeight;
    view.width *= factor;
    view.height *= factor;
  }};
</script>
</html>
"""


def page(title: str, drawing: str, width: int, height: int) -> str:
    """Return the page; title and drawing are markup already."""
    return _PAGE.format(title=title, drawing=drawing, width=width, height=height)
