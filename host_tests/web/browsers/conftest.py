"""Real browsers, driven: Debian's Chromium by Playwright, Debian's Firefox by Marionette. Nothing is skipped: what is
missing fails."""

import contextlib
import functools
import http.server
import threading

import pytest
from pages import PAGE, browser_of

PATIENCE_MS = 40_000  # a deadline, never a wait: a busy machine unpacks Python slowly


@pytest.fixture(scope="session")
def chromium():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        options = ["--no-sandbox", "--disable-quic", "--disable-background-networking", "--disable-component-update"]
        browser = play.chromium.launch(executable_path=browser_of("chromium", "chromium-browser"), args=options)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def loopback():
    """The address of the folder on a static web server."""
    folder = PAGE.parent / "folder"
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    handler.log_message = lambda *_: None
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="session")
def open_page(chromium):
    """`open_page(address, **context)`: a page that has given its first verdict; the network is cut for a file."""

    @contextlib.contextmanager
    def opened(address="", fragment="", **context):
        address = address or PAGE.as_uri()
        offline = address.startswith("file:")
        context = {"viewport": {"width": 1280, "height": 900}, "offline": offline, "accept_downloads": True} | context
        inside = chromium.new_context(**context)
        with contextlib.closing(inside):
            page = inside.new_page()
            page.set_default_timeout(PATIENCE_MS)
            page.asked, page.broke = [], []
            page.on("request", lambda request: page.asked.append(request.url))
            page.on("pageerror", lambda error: page.broke.append(str(error)))
            page.goto(address + fragment)
            page.wait_for_selector("body[data-first-verdict-ms]")
            yield page
            assert page.broke == []

    return opened


@pytest.fixture(scope="session")
def shared(open_page):
    with open_page() as page:
        yield page


@pytest.fixture
def page(shared):
    """One page for the tests that leave it usable, as it was at first."""
    shared.set_viewport_size({"width": 1280, "height": 900})
    shared.select_option("#library", "mp102-wg-2020-04")
    shared.select_option("#preset", "cut_179")
    shared.select_option("#preset", "cut_181")
    shared.wait_for_function("document.querySelector('#headline').textContent.includes('3 min 1 s counted')")
    return shared
