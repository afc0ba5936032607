// Compiles the modules of archives with the very Python that will run them in the page, so that no browser has to:
// node compile.mjs IN.zip OUT.zip [IN.zip OUT.zip ...]

import { readFileSync, writeFileSync } from "node:fs";
import { loadPyodide } from "pyodide";

const python = await loadPyodide();
python.runPython(`
import compileall, pathlib, py_compile, shutil, zipfile

# servers, debuggers, mail and terminals: a page has no use for them, and is a fifth smaller
UNUSED = """_pyrepl bdb cProfile cmd code curses dbm doctest ensurepip ftplib idlelib imaplib lib2to3 mailbox multiprocessing
    optparse pdb pickletools poplib profile pstats pydoc pydoc_data smtplib sqlite3 statistics tkinter trace tracemalloc
    turtle turtledemo unittest venv wsgiref xmlrpc""".split()

def compiled(top):
    for name in UNUSED:
        shutil.rmtree(f"{top}/{name}", ignore_errors=True)
        pathlib.Path(f"{top}/{name}.py").unlink(missing_ok=True)
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    if not compileall.compile_dir(top, legacy=True, quiet=1, optimize=2, invalidation_mode=mode, stripdir=top):
        raise SystemExit("a module cannot be compiled")
    with zipfile.ZipFile("/out.zip", "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(pathlib.Path(top).rglob("*")):
            if path.is_file() and path.suffix != ".py":
                archive.writestr(zipfile.ZipInfo(path.relative_to(top).as_posix(), (2020, 1, 1, 0, 0, 0)), path.read_bytes())
    shutil.rmtree(top)
`);
const named = process.argv.slice(2);
for (let i = 0; i < named.length; i += 2) {
  python.unpackArchive(new Uint8Array(readFileSync(named[i])), "zip", { extractDir: "/packed" });
  python.globals.get("compiled")("/packed");
  writeFileSync(named[i + 1], python.FS.readFile("/out.zip"));
}
