"""`compare`: which shots differ, by how many pixels, where."""

from __future__ import annotations

import base64
import shutil
from pathlib import Path

from playwright.sync_api import Page

from tests.pixels.people import chromium
from tests.pixels.products import say

COMPARE = """
async ([old, fresh]) => {
  const draw = async (text) => {
    const image = await createImageBitmap(await (await fetch(text)).blob());
    return image;
  };
  const [a, b] = [await draw(old), await draw(fresh)];
  const width = Math.max(a.width, b.width), height = Math.max(a.height, b.height);
  const pixels = (image) => {
    const canvas = new OffscreenCanvas(width, height);
    const pen = canvas.getContext("2d", {willReadFrequently: true});
    pen.fillStyle = "#f0f";
    pen.fillRect(0, 0, width, height);
    pen.clearRect(0, 0, image.width, image.height);
    pen.drawImage(image, 0, 0);
    return pen.getImageData(0, 0, width, height);
  };
  const left = pixels(a), right = pixels(b);
  const was = new Uint32Array(left.data.buffer), is = new Uint32Array(right.data.buffer);
  const canvas = document.createElement("canvas");
  canvas.width = width; canvas.height = height;
  const pen = canvas.getContext("2d");
  pen.globalAlpha = 0.25;
  pen.drawImage(b, 0, 0);
  pen.globalAlpha = 1;
  const shown = pen.getImageData(0, 0, width, height);
  const mark = new Uint32Array(shown.data.buffer);
  // Round corners come out a shade different now and then: a few such pixels are the
  // browser's, a surface of them is ours.
  const shades = (i) => Math.max(...[0, 8, 16, 24].map((bits) =>
    Math.abs(((was[i] >>> bits) & 255) - ((is[i] >>> bits) & 255))));
  let faint = 0, count = 0, x0 = width, y0 = height, x1 = 0, y1 = 0;
  for (let i = 0; i < was.length; i++) {
    if (was[i] === is[i]) continue;
    const x = i % width, y = (i - x) / width;
    if (shades(i) <= 3) faint++;
    count++;
    x0 = Math.min(x0, x); x1 = Math.max(x1, x);
    y0 = Math.min(y0, y); y1 = Math.max(y1, y);
    mark[i] = 0xff0000ff;
  }
  if (count === faint && count < 64 && a.width === b.width && a.height === b.height) return null;
  pen.putImageData(shown, 0, 0);
  pen.strokeStyle = "#f00";
  pen.strokeRect(x0 - 4, y0 - 4, x1 - x0 + 8, y1 - y0 + 8);
  return {
    count, box: [x0, y0, x1, y1], sizes: [a.width, a.height, b.width, b.height],
    picture: canvas.toDataURL("image/png").split(",")[1],
  };
}
"""


def compare(old: Path, new: Path, diffs: Path) -> int:
    """How many shots differ; a picture of each difference lies in `diffs`."""
    shutil.rmtree(diffs, ignore_errors=True)
    before = {path.name for path in old.glob("*.png")}
    after = {path.name for path in new.glob("*.png")}
    for name in sorted(before - after):
        say(f"only in {old}: {name}")
    for name in sorted(after - before):
        say(f"only in {new}: {name}")
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
