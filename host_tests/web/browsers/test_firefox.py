"""The page in Firefox: from disk without a network, and from loopback."""

import contextlib
import json

import pytest
from pages import LITERAL, PAGE, browser_of, fragment

PATIENCE_S = 60  # a deadline, never a wait
NO_NETWORK = {
    # whatever asks for an address is sent where nobody answers; loopback and files are not asked for by proxy
    "network.proxy.type": 1, "network.proxy.http": "127.0.0.1", "network.proxy.http_port": 9,
    "network.proxy.ssl": "127.0.0.1", "network.proxy.ssl_port": 9,
}  # fmt: skip


@pytest.fixture(scope="module")
def firefox(tmp_path_factory):
    from marionette_driver.marionette import Marionette

    # a file of its own: the driver deletes a log that is there already, which by the name of /dev/null took that device
    # away from the whole machine
    log = str(tmp_path_factory.mktemp("firefox") / "gecko.log")
    driver = Marionette(bin=browser_of("firefox-esr", "firefox"), headless=True, prefs=NO_NETWORK, gecko_log=log)
    driver.start_session()
    driver.timeout.page_load = driver.timeout.script = PATIENCE_S
    yield driver
    with contextlib.suppress(Exception):
        driver.quit()
    driver.cleanup()


def says(firefox, *words, where="#headline"):
    script = """
    const [where, words, done] = arguments;
    const look = () => words.every(w => document.querySelector(where)?.textContent.includes(w)) ? done(true)
      : setTimeout(look, 20);
    look();
    """
    firefox.execute_async_script(script, script_args=(where, words))


def opened(firefox, address):
    # a fragment alone is no navigation
    firefox.navigate("about:blank")
    firefox.navigate(address)
    says(firefox, "broken" if "#" not in address else "kept")


def test_the_first_verdict_from_disk(firefox):
    opened(firefox, PAGE.as_uri())
    says(firefox, "false AD1 (meter)")


def test_a_cut_is_dragged_over_the_limit_by_keyboard(firefox):
    from marionette_driver.keys import Keys

    opened(firefox, PAGE.as_uri() + fragment())
    firefox.execute_script("document.querySelector('[aria-label=\"CH power comes back to 12 V\"]').focus()")
    for words in ("exactly the limit", "3 min 1 s counted"):
        firefox.actions.sequence("key", "keyboard").send_keys(Keys.ARROW_RIGHT).perform()
        says(firefox, "broken", words)


def test_a_rule_that_comes_by_link_is_judged(firefox):
    written = LITERAL.replace("3 min or more", "2 min or more")
    firefox.navigate("about:blank")
    firefox.navigate(PAGE.as_uri() + fragment(written=written))
    says(firefox, "broken", "59 s beyond the limit")
    assert "2 min or more" in firefox.execute_script("return document.querySelector('#english').textContent")


def test_a_capture_is_judged(firefox):
    opened(firefox, PAGE.as_uri())
    rows = "time [s],ch_mv,mains\\n" + "\\n".join(f"{t},{0 if 700 <= t < 900 else 12000},1" for t in range(1500))
    script = """
    const data = new DataTransfer();
    data.items.add(new File([arguments[0].replaceAll('\\\\n', '\\n')], 'rail.csv'));
    document.querySelector('#drop').dispatchEvent(new DragEvent('drop', {dataTransfer: data, bubbles: true}));
    """
    firefox.execute_script(script, script_args=(rows,))
    says(firefox, "rail.csv", where="#capture-result")


def test_the_matrix_is_there(firefox):
    opened(firefox, PAGE.as_uri())
    firefox.execute_script("document.querySelector('#matrix-button').click()")
    says(firefox, "long_reboot", "exactly_3_min", where="#matrix")


def test_the_folder_works_on_a_web_server(firefox, loopback):
    opened(firefox, loopback)
    found = json.loads(firefox.execute_script("return JSON.stringify({...document.body.dataset})"))
    assert int(found["firstVerdictMs"]) > 0
