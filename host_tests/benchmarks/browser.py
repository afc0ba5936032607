"""Pages in headless Chromium (part of `make pictures`): they stretch, they fit, nothing fails; and screenshots.

Apart from `make test`, because Chromium is Debian's package, no dependency of the project.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from ridethrough.cli import main as ridethrough

FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --hide-scrollbars"
).split()
PROBE = """
<script>
window.found = {errors: []};
window.onerror = (m) => window.found.errors.push(String(m));
addEventListener('load', () => {
  const f = window.found, t = document.querySelector('.timeline');
  f.fits = document.documentElement.scrollWidth <= innerWidth;
  f.outside = [...document.querySelectorAll('[src],link[href]')].length;
  f.labelled = [...document.querySelectorAll('[role=img],[role=region]')].every(e => e.getAttribute('aria-label'));
  f.first = document.querySelector('.verdict')?.textContent || '';
  if (t) {
    const plot = t.querySelector('.plot'), before = plot.clientWidth;
    t.querySelector('button[value="2"]').click();
    t.querySelector('button[value="2"]').click();
    f.wider = plot.clientWidth / before;
    t.querySelector('button[value="0"]').click();
    f.whole = plot.clientWidth / before;
  }
  document.title = 'FOUND' + JSON.stringify(f) + 'END';
});
</script></head>
"""


def chromium(*arguments: str) -> str:
    """What a run of Chromium prints."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert program
    with tempfile.TemporaryDirectory() as profile:
        command = [program, *FLAGS, f"--user-data-dir={profile}", *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout


def look(page: Path) -> dict[str, object]:
    """What a page says of itself in a narrow window, as on a tablet."""
    probed = page.with_suffix(".probe.html")
    probed.write_text(page.read_text().replace("</head>", PROBE, 1))
    dom = chromium("--window-size=900,1200", "--virtual-time-budget=3000", "--dump-dom", probed.as_uri())
    match = re.search(r"FOUND(.*?)END", dom, re.DOTALL)
    assert match, f"{page}: its scripts did not run"
    return dict(json.loads(match[1].replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">")))


def main(pictures: Path) -> int:
    if not (shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")):
        print("no Chromium here: pages were not looked at, and their pictures not made anew")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        run, table, audit = (Path(folder) / f"{name}.html" for name in ("run", "matrix", "audit"))
        ridethrough(["run", "chatter", "--rule", "mp102-per-reboot", "--html", str(run), "--quiet"])
        chosen = "mp102-wg-2020-04,mp102-per-reboot,mp102-back-10-min,all-ad1-legitimate,design-target"
        some = "reference,long_reboot,chatter,boot_loop,sag,cut_after_outcome,mains_lost_too,hub_pulled"
        ridethrough(["rules", "matrix", "--rules", chosen, "--specimens", some, "--html", str(table)])
        ridethrough(["rules", "audit", "mp102-wg-2020-04", "--html", str(audit), "--output", folder])
        for page in (run, table, audit):
            found = look(page)
            assert found["errors"] == [] and found["fits"] and found["outside"] == 0 and found["labelled"], (
                page,
                found,
            )
            if page is not table:
                assert abs(float(str(found["wider"])) - 4) < 0.1 and found["whole"] == 1, found
                assert "FAIL" in str(found["first"]) or page is audit, found
            pdf = page.with_suffix(".pdf")
            chromium(f"--print-to-pdf={pdf}", "--no-pdf-header-footer", page.as_uri())
            assert pdf.stat().st_size > 10_000
        for page, name, size in ((run, "report", "1100,1080"), (table, "matrix", "1100,1010")):
            chromium(f"--window-size={size}", f"--screenshot={pictures / name}.png", page.as_uri())
            print(f"{pictures / name}.png")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
