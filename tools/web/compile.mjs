// Compiles the modules of an archive with the very Python that will run them in the page, so that no browser has to:
// node compile.mjs IN.zip OUT.zip

import { readFileSync, writeFileSync } from "node:fs";
import { loadPyodide } from "pyodide";

const [, , source, target] = process.argv;
const python = await loadPyodide();
python.unpackArchive(new Uint8Array(readFileSync(source)), "zip", { extractDir: "/packed" });
python.runPython(`
import compileall, pathlib, py_compile, zipfile

top = pathlib.Path("/packed")
mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
if not compileall.compile_dir(top, legacy=True, quiet=1, invalidation_mode=mode, stripdir="/packed"):
    raise SystemExit("a module cannot be compiled")
with zipfile.ZipFile("/out.zip", "w", zipfile.ZIP_STORED) as archive:
    for path in sorted(top.rglob("*")):
        if path.is_file() and path.suffix != ".py":
            archive.writestr(zipfile.ZipInfo(path.relative_to(top).as_posix(), (2020, 1, 1, 0, 0, 0)), path.read_bytes())
`);
writeFileSync(target, python.FS.readFile("/out.zip"));
