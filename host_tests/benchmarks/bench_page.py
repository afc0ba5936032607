"""The workbench's page: its size, and its times beside those of this Python in the same run (`make browsers` first).

With a folder, screenshots go there: python host_tests/benchmarks/bench_page.py [FOLDER]
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
os.environ.setdefault("RIDETHROUGH_PAGE", str(ROOT / "build/workbench/ridethrough-workbench.html"))
sys.path.insert(0, str(ROOT / "host_tests/web/browsers"))

from pages import LITERAL, PAGE, browser_of, fragment, timeline  # noqa: E402
from playwright.sync_api import Browser, Page, sync_playwright  # noqa: E402
from ridethrough.rules.library import names  # noqa: E402
from ridethrough.web.engine import answer  # noqa: E402

FLAGS = ["--no-sandbox", "--disable-quic", "--disable-background-networking", "--disable-component-update"]
STARTS, DRAGS = 5, 60


def main(arguments: list[str]) -> int:
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=browser_of("chromium"), args=FLAGS)
        firsts = []
        for _ in range(STARTS):
            context = browser.new_context(viewport={"width": 1280, "height": 900}, offline=True)
            page = context.new_page()
            began = time.perf_counter()
            page.goto(PAGE.as_uri() + fragment())
            page.wait_for_selector("body[data-first-verdict-ms]", timeout=60_000)
            firsts.append(time.perf_counter() - began)
            if len(firsts) < STARTS:
                context.close()
        rows = [("the file", f"{PAGE.stat().st_size / 1e6:.1f} MB", "", "")]
        rows.append(("first verdict, from opening", f"{statistics.median(firsts):.2f} s", "", ""))
        rows += list(_dragged(page)) + list(_long(page))
        for what, here, there, ratio in rows:
            print(f"{what:<34} {here:>12} {there:>12} {ratio:>8}")
        if arguments:
            _pictures(browser, Path(arguments[0]))
        browser.close()
    return 0


def _dragged(page: Page) -> list[tuple[str, str, str, str]]:
    page.wait_for_timeout(1500)
    engine, redraw = [], []
    page.get_by_role("slider", name="CH power comes back to 12 V", exact=True).focus()
    for i in range(DRAGS):
        page.evaluate("() => { delete document.body.dataset.redrawMs; }")
        page.keyboard.press("ArrowRight" if i % 2 == 0 else "ArrowLeft")
        page.wait_for_selector("body[data-redraw-ms]")
        found = page.evaluate("() => ({...document.body.dataset})")
        engine.append(float(found["engineMs"]))
        redraw.append(float(found["redrawMs"]))
        page.wait_for_timeout(300)
    asked = json.dumps({"timeline": timeline(179), "hub": {}, "rules": [{"written": LITERAL}]})
    here = []
    for _ in range(DRAGS):
        began = time.perf_counter()
        answer("judge", asked)
        here.append((time.perf_counter() - began) * 1000)
    e, r, c = statistics.median(engine), statistics.median(redraw), statistics.median(here)
    return [
        ("a drag: the engine, median", f"{e:.1f} ms", f"{c:.1f} ms", f"{e / c:.1f}"),
        ("a drag: until it is drawn, median", f"{r:.1f} ms", "", ""),
        ("a drag: until it is drawn, most", f"{max(redraw):.1f} ms", "", ""),
    ]


def _long(page: Page) -> list[tuple[str, str, str, str]]:
    from ridethrough.scenarios.loader import specimens
    from ridethrough.web import engine
    from ridethrough.workbench.specimens import run_specimen

    engine._METERS.__dict__["all"] = [run_specimen(name) for name in specimens()]
    rows = []
    closed = [name for name in names() if name != "mp102-open"]
    page.evaluate("() => document.querySelectorAll('details').forEach(d => { d.open = true; })")
    for rule in closed:
        if rule != "mp102-wg-2020-04":
            page.check(f"#chosen-{rule}")
    for what, button, key, name, asked in (
        (
            "matrix, 20 rules and 33 meters",
            "#matrix-button",
            "matrixMs",
            "matrix",
            {"rules": [{"library": name} for name in closed]},
        ),
        ("audit of the literal reading", "#audit-button", "searchMs", "audit", {"rules": [{"written": LITERAL}]}),
    ):
        page.click(button)
        page.wait_for_function("key => document.body.dataset[key]", arg=key, timeout=300_000)
        ms = float(page.evaluate("key => document.body.dataset[key]", key))
        began = time.perf_counter()
        answer(name, json.dumps(asked))
        here = (time.perf_counter() - began) * 1000
        rows.append((what, f"{ms / 1000:.1f} s", f"{here / 1000:.1f} s", f"{ms / here:.1f}"))
    return rows


def _pictures(browser: Browser, folder: Path) -> None:
    looks = (("workbench", 1280, "light"), ("workbench-dark", 1280, "dark"), ("workbench-400", 400, "light"))
    for name, width, scheme in looks:
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,  # type: ignore[arg-type]
            offline=True,
        )
        page = context.new_page()
        page.goto(PAGE.as_uri() + fragment(timeline=timeline(181), chosen=["mp102-back-10-min", "hub-in-service"]))
        page.wait_for_selector("#drawn img", timeout=60_000)
        page.wait_for_timeout(800)
        page.screenshot(path=folder / f"{name}.png")
        if width == 1280 and scheme == "light":
            page.pdf(path=str(folder / "workbench.pdf"), format="A4", print_background=False)
        page.screenshot(path=folder / f"{name}-whole.png", full_page=True)
        context.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
