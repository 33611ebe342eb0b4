"""`compare`: which shots differ, by how many pixels, where."""

from __future__ import annotations

import base64
import shutil
from pathlib import Path

from playwright.sync_api import Page

from tests.pixels.people import chromium
from tests.pixels.products import say

# Slice by slice, because a canvas has a largest height. The picture is the first slice
# that differs, with what differs in red. Round corners come out a shade different now
# and then: a few such pixels are the browser's, a surface of them is ours.
COMPARE = """
async ([old, fresh]) => {
  const SLICE = 8000, FAINT = 3, FEW = 64;
  const open = async (url) => createImageBitmap(await (await fetch(url)).blob());
  const [a, b] = [await open(old), await open(fresh)];
  const width = Math.max(a.width, b.width), height = Math.max(a.height, b.height);
  const draw = (image, top, rows, alpha) => {
    const canvas = document.createElement("canvas");
    canvas.width = width;
    canvas.height = rows;
    const pen = canvas.getContext("2d", {willReadFrequently: true});
    pen.globalAlpha = alpha;
    pen.drawImage(image, 0, -top);
    return [canvas, pen, pen.getImageData(0, 0, width, rows)];
  };
  const shades = (was, is) => Math.max(...[0, 8, 16, 24].map((bits) =>
    Math.abs(((was >>> bits) & 255) - ((is >>> bits) & 255))));
  let faint = 0, count = 0, x0 = width, y0 = height, x1 = 0, y1 = 0, picture = null;
  for (let top = 0; top < height; top += SLICE) {
    const rows = Math.min(SLICE, height - top), before = count;
    const was = new Uint32Array(draw(a, top, rows, 1)[2].data.buffer);
    const is = new Uint32Array(draw(b, top, rows, 1)[2].data.buffer);
    const [canvas, pen, pale] = draw(b, top, rows, 0.25);
    const mark = new Uint32Array(pale.data.buffer);
    for (let i = 0; i < was.length; i++) {
      if (was[i] === is[i]) continue;
      const x = i % width, y = top + (i - x) / width;
      if (shades(was[i], is[i]) <= FAINT) faint++;
      count++;
      x0 = Math.min(x0, x); x1 = Math.max(x1, x);
      y0 = Math.min(y0, y); y1 = Math.max(y1, y);
      mark[i] = 0xff0000ff;
    }
    if (count > before && !picture) {
      pen.putImageData(pale, 0, 0);
      picture = canvas.toDataURL("image/png").split(",")[1];
    }
  }
  const sizes = [a.width, a.height, b.width, b.height];
  const resized = a.width !== b.width || a.height !== b.height;
  if (count === faint && count < FEW && !resized) return null;
  return {count, box: [x0, y0, x1, y1], sizes, picture};
}
"""


def compare(old: Path, new: Path, diffs: Path) -> int:
    """How many shots differ; a picture of each difference lies in `diffs`."""
    shutil.rmtree(diffs, ignore_errors=True)
    before = {path.name for path in old.glob("*.png")}
    after = {path.name for path in new.glob("*.png")}
    for folder, alone in ((old, before - after), (new, after - before)):
        if alone:
            pages = sorted({name.split(".")[0] for name in alone})
            say(f"only in {folder}: {len(alone)} shots of {', '.join(pages)}")
    different = [
        name
        for name in sorted(before & after)
        if (old / name).read_bytes() != (new / name).read_bytes()
    ]
    count = len(before ^ after)
    if different:
        diffs.mkdir(parents=True)
        with chromium(1) as browser:
            page = browser.new_page()
            for name in different:
                count += tell(page, name, old, new, diffs)
    say(f"{len(before & after)} shots compared, {count} differ")
    return count


def tell(page: Page, name: str, old: Path, new: Path, diffs: Path) -> int:
    pictures = [
        f"data:image/png;base64,{base64.b64encode((folder / name).read_bytes()).decode()}"
        for folder in (old, new)
    ]
    result = page.evaluate(COMPARE, pictures)
    if result is None:
        return 0
    if result["picture"]:
        (diffs / name).write_bytes(base64.b64decode(result["picture"]))
    left, top, right, bottom = result["box"]
    sizes = result["sizes"]
    grown = (
        f", {sizes[0]}x{sizes[1]} became {sizes[2]}x{sizes[3]}"
        if sizes[:2] != sizes[2:]
        else ""
    )
    say(f"{name}: {result['count']} pixels in ({left},{top})-({right},{bottom}){grown}")
    return 1
