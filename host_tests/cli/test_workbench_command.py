"""`ridethrough workbench`: serves the page on the loopback address, or copies it; without one, says how to get it."""

import http.client
import os
import subprocess
import sys

from ridethrough.cli import main, workbench

PATIENCE_S = 60  # a deadline: it waits for a line of output


def test_without_a_page_it_says_how_to_get_one(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(workbench, "WORKBENCH", tmp_path / "none.html")
    assert main(["workbench", "--no-open"]) == 2
    assert "`make workbench`" in capsys.readouterr().err


def test_it_is_copied_as_a_file(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(workbench, "WORKBENCH", tmp_path / "page.html")
    (tmp_path / "page.html").write_bytes(b"<!DOCTYPE html>")
    assert main(["workbench", "-o", str(tmp_path / "mine.html")]) == 0
    assert (tmp_path / "mine.html").read_bytes() == b"<!DOCTYPE html>"
    for wrong, line in (
        (["-o", str(tmp_path / "mine.txt")], "a name that ends in .html"),
        (["-o", str(tmp_path / "no" / "way" / ("x" * 300) / "mine.html")], "mine.html"),
        (["--port", "70000", "--no-open"], "0 to 65535 expected"),
    ):
        assert main(["workbench", *wrong]) == 2
        assert line in capsys.readouterr().err


def test_it_is_served_on_the_loopback_address_alone(tmp_path):
    (tmp_path / "page.html").write_bytes(b"<!DOCTYPE html>")
    code = (
        "import sys, pathlib; from ridethrough.cli import main, workbench; "
        "workbench.WORKBENCH = pathlib.Path('page.html'); sys.exit(main(['workbench', '--no-open']))"
    )
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True) as served:
        try:
            address = served.stdout.readline().split(": ")[0]
            assert address.startswith("http://127.0.0.1:")
            port = int(address.rstrip("/").rpartition(":")[2])
            for path, status in (("/", 200), ("/../pyproject.toml", 404)):
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
                connection.request("GET", path)
                answer = connection.getresponse()
                assert answer.status == status and (answer.read() == b"<!DOCTYPE html>") == (status == 200)
            assert main(["workbench", "--no-open", "--port", str(port)]) == 2
        finally:
            served.terminate()
            served.wait(PATIENCE_S)
