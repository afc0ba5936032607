"""The page as its users have it: one file from disk, the network cut."""

import json
import subprocess
import sys
import zipfile

import pytest
from pages import LITERAL, PAGE, RULE, fragment, timeline


def headline(page):
    return page.inner_text("#headline")


def says(page, *words, where="#headline"):
    page.wait_for_function(
        "([where, words]) => words.every(w => document.querySelector(where)?.textContent.includes(w))",
        arg=[where, words],
    )


def write(page, text):
    page.click("#editor .cm-content")
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(text)


def handle(page, name):
    return page.get_by_role("slider", name=name, exact=True)


def ridethrough(*arguments):
    command = [sys.executable, "-m", "ridethrough", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_first_verdict_is_there_and_nothing_was_asked_of_any_network(page):
    assert "broken" in headline(page) and "false AD1 (meter)" in headline(page)
    assert {url.split(":")[0] for url in page.asked} <= {"file", "blob", "data"}
    assert [url for url in page.asked if url.startswith("file:")] == [PAGE.as_uri()]


def test_the_page_may_reach_no_address(page):
    """The policy is the proof: even a script of the page's own cannot ask."""
    said = page.evaluate("() => fetch('https://example.org/').then(() => 'sent', e => String(e))")
    assert said != "sent"
    assert "connect-src 'none'" in page.evaluate("() => document.querySelector('meta[http-equiv]').content")


def test_a_rule_is_typed_and_its_verdict_seen(page):
    write(page, LITERAL.replace("3 min or more", "4 min or more").replace(RULE, "mine"))
    says(page, "kept", "margin 59")
    says(page, "4 min or more", where="#english")
    assert page.inner_text("#verdict-rows th >> nth=0") == "mine"


def test_an_error_stands_where_the_command_line_puts_it(page):
    write(page, LITERAL.replace("below 90 %", "blow 90 %"))
    says(
        page,
        "Line 8",
        "'CH power blow 90 %' is no condition",
        "did you mean 'CH power below 90 %'?",
        where="#rule-error",
    )
    says(page, "cannot be read as it stands")
    page.wait_for_selector(".cm-lintRange-error")
    write(page, LITERAL)
    page.wait_for_selector("#rule-error", state="hidden")


def test_help_for_the_key_under_the_cursor(page):
    page.get_by_text('"back"').click()
    says(page, "ends_when", "when a cut is over", "back for 10 min", where="#key-help")


def test_a_question_is_answered_by_a_click(page):
    page.locator("summary", has_text="The same as questions").click()
    page.get_by_label("all cuts of one reboot").check()
    says(page, 'per       = "reboot"', where="#editor .cm-content")
    page.locator("fieldset", has_text="When is a cut over?").get_by_label("not decided").check()
    says(page, "4 readings", "ends_when", where="#readings")
    page.locator("summary", has_text="The same as questions").click()


def test_a_cut_is_dragged_over_the_limit_by_keyboard(open_page):
    with open_page(fragment=fragment()) as page:
        says(page, "kept", "margin 1 s")
        edge = handle(page, "CH power comes back to 12 V")
        edge.focus()
        page.keyboard.press("ArrowRight")
        says(page, "broken", "exactly the limit")
        page.keyboard.press("ArrowRight")
        says(page, "broken", "3 min 1 s counted")
        assert handle(page, "CH power comes back to 12 V").get_attribute("aria-valuetext") == "at 14 min 41 s"
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("Alt+ArrowLeft")
        says(page, "kept", "margin 10 ms")
        page.click("#undo")
        says(page, "broken")


def test_an_edge_is_dragged_by_mouse_and_by_touch(open_page):
    with open_page(fragment=fragment(), has_touch=True) as page:
        says(page, "kept")
        for touch in (False, True):
            before = headline(page)
            box = handle(page, "CH power comes back to 12 V").bounding_box()
            x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
            to = x + (60 if not touch else -62)
            if touch:
                drag = page.context.new_cdp_session(page)
                drag.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
                for i in range(1, 7):
                    point = {"x": x + (to - x) * i / 6, "y": y}
                    drag.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
                drag.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
            else:
                page.mouse.move(x, y)
                page.mouse.down()
                page.mouse.move(to, y, steps=6)
                page.mouse.up()
            says(page, "kept" if touch else "broken")
            assert headline(page) != before


def test_a_drag_is_one_step_to_undo(page):
    page.click("#calm")
    page.click("#cut")
    says(page, "does not apply")
    ends = handle(page, "CH power comes back to 12 V")
    before = ends.get_attribute("aria-valuetext")
    box = ends.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 150, box["y"] + box["height"] / 2, steps=5)
    page.mouse.up()
    assert handle(page, "CH power comes back to 12 V").get_attribute("aria-valuetext") != before
    page.click("#undo")
    assert handle(page, "CH power comes back to 12 V").get_attribute("aria-valuetext") == before
    assert page.input_value("#preset") == ""


def test_a_field_that_holds_no_number_changes_nothing(page):
    handle(page, "CH power comes back to 12 V").focus()
    before = headline(page)
    starts_s = page.input_value("#at")  # the firmware's own time: it moves with each byte of it
    assert float(starts_s) > 0
    for field, wrong, shown in (
        ("#at", "", starts_s),
        ("#depth", "", "12"),
        ("#depth", "99", "20"),
        ("#length", "-3", "34.5"),
    ):
        page.fill(field, wrong)
        page.keyboard.press("Enter")
        page.wait_for_function("([f, v]) => document.querySelector(f).value === v", arg=[field, shown])
        if wrong != "99":
            assert headline(page) == before
    page.fill("#length", "1e9")
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.querySelector('#length').value === '57600'")
    assert page.is_hidden("#problem")


def test_the_grip_of_ch_power_stays_in_hand_at_full_power(page):
    handle(page, "CH power, how low").focus()
    for _ in range(13):
        page.keyboard.press("Shift+ArrowUp")
    for _ in range(10):
        page.keyboard.press("ArrowDown")
    says(page, "kept")
    assert handle(page, "CH power, how low").get_attribute("aria-valuetext") == "12 V"


def test_power_may_be_low_and_not_off(page):
    depth = handle(page, "CH power, how low")
    depth.focus()
    page.fill("#depth", "11")
    page.keyboard.press("Enter")
    says(page, "kept", "no cut at all")


def test_what_is_added_can_be_taken_away(page):
    page.click("#calm")
    says(page, "does not apply")
    page.click("#cut")
    page.select_option("#event", "reset:watchdog")
    page.click("#add-event")
    says(page, "kept", "60 s")
    handle(page, "CH power goes off").focus()
    page.keyboard.press("Delete")
    says(page, "no cut at all")


def test_an_open_rules_count_follows_when_the_hand_rests(page):
    page.select_option("#library", "mp102-open")
    says(page, "15,360 readings", where="#readings")
    says(page, "of 15360 readings")
    page.click("#first-button")
    says(page, "which reboots it speaks of", "% of the doubt", where="#first")


def test_a_verdict_that_is_not_there_yet_is_nobody_elses(page):
    page.evaluate(
        """() => {
        window.heads = [];
        new MutationObserver(() => window.heads.push(document.querySelector('#headline').textContent))
          .observe(document.querySelector('#headline'), {childList: true, subtree: true});
        }"""
    )
    page.select_option("#library", "mp102-open")
    says(page, "of 15360 readings")
    shown = page.evaluate("() => window.heads")
    assert any("are being judged" in text for text in shown)
    assert all("of 15360 readings" in text or "are being judged" in text for text in shown)


def test_the_hubs_figures_say_how_far_the_verdict_holds(page):
    page.locator("summary", has_text="The hub: figures").click()
    says(page, "as now for 3 min or less", where="#figures")
    page.get_by_label("hub that alerts after").focus()
    page.keyboard.press("End")
    says(page, "down 3 min 36 s")
    page.keyboard.press("Home")
    says(page, "false AD1")
    page.locator("summary", has_text="The hub: figures").click()


def test_every_cell_of_the_matrix_is_the_command_lines(page):
    found = json.loads(ridethrough("rules", "matrix", "--json").stdout)
    page.locator("summary", has_text="Choose").click()
    rules = list(dict.fromkeys(cell["rule"] for cell in found))
    for rule in rules:
        if rule != RULE:
            page.check(f"#chosen-{rule}")
    page.click("#matrix-button")
    page.wait_for_selector("#matrix td.cell")
    page.wait_for_function("n => document.querySelectorAll('#matrix td.cell').length === n", arg=len(found))
    cells = page.eval_on_selector_all("#matrix td.cell", "cells => cells.map(c => ({...c.dataset}))")
    shown = {(c["specimen"], c["rule"]): (c["status"], c["flag"], c["sentence"], c["holds"]) for c in cells}
    assert shown == {(c["specimen"], c["rule"]): (c["status"], c["flag"], c["sentence"], c["holds"]) for c in found}
    assert len(shown) == 33 * 20
    for rule in rules:
        if rule not in (RULE, "hub-in-service", "mp102-back-10-min"):
            page.uncheck(f"#chosen-{rule}")
    page.locator("summary", has_text="Choose").click()


def test_an_audit_finds_what_it_finds_on_the_command_line_and_opens_in_the_timeline(page):
    page.select_option("#library", "mp102-back-10-min")
    page.click("#audit-button")
    page.wait_for_selector("#finds article")
    titles = page.locator("#finds h4").all_inner_texts()
    said = ridethrough("rules", "audit", "mp102-back-10-min", "--output", str(PAGE.parent / "vcd")).stdout
    assert titles and all(title in said for title in titles)
    page.get_by_role("button", name="open in the timeline").first.click()
    says(page, "false AD1")


def test_long_work_can_be_stopped(page):
    page.click("#audit-button")
    page.wait_for_selector("#working-search", state="visible")
    page.click("#stop-search")
    page.wait_for_selector("#working-search", state="hidden")
    says(page, "stopped", where="#took")
    page.select_option("#other", "mp102-back-10-min")
    page.click("#compare-button")
    says(page, "differ", where="#finds")


def test_a_job_that_takes_the_place_of_another_can_be_stopped_too(page):
    page.click("#audit-button")
    page.wait_for_selector("#working-search", state="visible")
    page.click("#audit-button")
    says(page, "stopped", where="#took")
    assert page.is_visible("#working-search")
    page.click("#stop-search")
    page.wait_for_selector("#working-search", state="hidden")


def test_nothing_is_made_of_a_rule_that_cannot_be_read(page):
    write(page, LITERAL.replace("below", "blow"))
    page.wait_for_selector("#rule-error", state="visible")
    for button in ("#take-draft-file", "#take-cases", "#take-svg", "#audit-button", "#matrix-button"):
        page.click(button)
        says(page, "mend it first", where="#problem")
        page.evaluate("() => { document.querySelector('#problem').textContent = ''; }")


def test_a_link_with_a_rule_that_cannot_be_read_shows_the_error_and_judges_the_others(open_page):
    for written in ("", "garbage"):
        with open_page(fragment=fragment(written=written, chosen=["hub-in-service"])) as page:
            page.wait_for_selector("#rule-error", state="visible")
            says(page, "no rule that can be read", "The hub")
            assert page.locator("#verdict-rows tr").count() == 1


def test_a_link_holds_everything(open_page, page):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    handle(page, "CH power comes back to 12 V").focus()
    page.keyboard.press("PageUp")
    says(page, "4 min 1 s counted")
    page.click("#take-link")
    says(page, "link", where="#took")
    address = page.evaluate("() => navigator.clipboard.readText()")
    with open_page(address) as other:
        assert headline(other) == headline(page)
        assert other.get_attribute("body", "data-first-verdict-ms")


@pytest.mark.parametrize(
    ("damaged", "says_so"),
    [
        ("#w1=AAAA", "the link is damaged"),
        (fragment(timeline={"end_us": 5}), "events: a list"),
        (fragment(timeline=timeline(179) | {"ch_mv": [[0, 99999]]}), "ch_mv: a whole number from 0 to 20000"),
        (fragment(hub={"limit_us": 1}), "hub that alerts after"),
        (fragment(hub=None), "parts of it are missing"),
        (fragment(chosen=["nope"]), "the library has no rule 'nope'"),
    ],
)
def test_a_damaged_link_is_one_line_and_the_page_still_opens(open_page, damaged, says_so):
    with open_page(fragment=damaged) as page:
        assert says_so in page.inner_text("#problem") and "broken" in headline(page)


def capture(path, hole=False):
    rows = [f"{t},{0 if 700 <= t < 900 else 12},1" for t in range(1500) if not (hole and 690 <= t < 910)]
    path.write_text("time [s],rail,mains\n" + "\n".join(rows) + "\n")
    return path


def test_a_capture_with_a_hole_is_undecided_and_one_without_is_broken(page, tmp_path):
    for hole, status in ((True, "undecided"), (False, "fail")):
        page.set_input_files("#capture-file", capture(tmp_path / f"hole_{hole}.csv", hole))
        says(page, f"hole_{hole}.csv rests on", where="#capture-result")
        page.select_option("#map-ch_mv", "rail")
        page.fill("#capture-at", "activation=650s, outcome=1000s")
        page.click("#capture-form button[type=submit]")
        page.wait_for_selector(f"#capture-result .result[data-rule='{RULE}'][data-status='{status}']")
    assert "a sample every 1 s" in page.inner_text("#capture-result")


def test_a_calendar_day_is_counted_by_a_time_zone(page, tmp_path):
    rows = [f"2026-03-28 {h:02}:00:{s:02},{0 if s == 30 else 12}" for h in range(20) for s in range(0, 60, 30)]
    (tmp_path / "days.csv").write_text("time,ch_mv [V]\n" + "\n".join(rows) + "\n")
    write(page, LITERAL.replace('"cut"', '"calendar day"').replace('"any reboot"', '"always"'))
    page.evaluate("() => document.querySelector('#capture-form').reset()")
    page.set_input_files("#capture-file", tmp_path / "days.csv")
    says(page, "the time zone was not said", where="#capture-result")
    page.fill("#capture-zone", "Europe/Atlantis")
    page.click("#capture-form button[type=submit]")
    says(page, "Atlantis", where="#capture-result .error")
    page.fill("#capture-zone", "Europe/London")
    page.click("#capture-form button[type=submit]")
    page.wait_for_selector("#capture-result .result")
    assert "time zone" not in page.inner_text("#capture-result .result")
    page.fill("#capture-zone", "")


def test_a_capture_is_dropped(page, tmp_path):
    text = capture(tmp_path / "dropped.csv").read_text()
    page.evaluate(
        """text => {
        const data = new DataTransfer();
        data.items.add(new File([text], 'dropped.csv'));
        const drop = new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true});
        document.querySelector('#drop').dispatchEvent(drop);
        }""",
        text,
    )
    says(page, "dropped.csv", where="#capture-result")


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("a.png", b"\x89PNG\r\n\x1a\n" + bytes(100), "a.png"),
        ("empty.csv", b"", "empty.csv"),
        ("words.csv", b"Dear all,\nplease find attached\n", "words.csv:1: no row of numbers"),
        ("cut.vcd", b"$timescale 1 us $end\n$var wire 1", "cut.vcd"),
    ],
)
def test_a_wrong_file_is_one_clear_line(page, tmp_path, name, content, line):
    (tmp_path / name).write_bytes(content)
    page.set_input_files("#capture-file", tmp_path / name)
    says(page, line, where="#capture-result .error")
    said = page.inner_text("#capture-result")
    assert "Traceback" not in said and "\n" not in said.strip()


def saved(page, button):
    with page.expect_download() as waiting:
        page.click(button)
    return waiting.value


def test_what_is_taken_along_is_what_the_command_line_takes(page, tmp_path):
    vcd, toml = tmp_path / "timeline.vcd", tmp_path / "rule.toml"
    saved(page, "#take-vcd").save_as(vcd)
    saved(page, "#take-toml").save_as(toml)
    again = ridethrough("check", str(vcd), "--rule", str(toml), "--json")
    assert json.loads(again.stdout)[0]["status"] == "fail"
    svg = tmp_path / "timeline.svg"
    saved(page, "#take-svg").save_as(svg)
    assert svg.read_text().startswith("<svg") and "FAIL" in svg.read_text()
    cases = saved(page, "#take-cases")
    cases.save_as(tmp_path / "cases.zip")
    names = zipfile.ZipFile(tmp_path / "cases.zip").namelist()
    assert {f"{RULE}/{n}" for n in ("cases.csv", "cases.json", "cases.html", "rule.toml")} <= set(names)


def test_the_draft_is_copied_as_rich_text(page):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.click("#take-draft")
    says(page, "was copied", where="#took")
    read = "async () => { const [i] = await navigator.clipboard.read(); return (await i.getType('text/html')).text(); }"
    rich = page.evaluate(read)
    assert "The ESME shall not" in rich and 'border="1"' in rich and "data:image/svg+xml" in rich


@pytest.mark.parametrize("width", [1280, 400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nobody_trips_over_it(open_page, width, scheme):
    """axe-core, WCAG 2.2 AA, with everything opened; and nothing wider than the screen."""
    axe = PAGE.parents[1] / "web" / "node_modules" / "axe-core" / "axe.min.js"
    with open_page(viewport={"width": width, "height": 900}, color_scheme=scheme) as page:
        page.evaluate("() => document.querySelectorAll('details').forEach(d => { d.open = true; })")
        page.click("#matrix-button")
        page.wait_for_selector("#matrix td.cell")
        page.wait_for_selector("#drawn img")
        handle(page, "CH power goes off").focus()
        page.evaluate(axe.read_text())
        found = page.evaluate(
            "() => axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})"
        )
        assert [(v["id"], [n["target"] for n in v["nodes"]][:5]) for v in found["violations"]] == []
        assert page.evaluate("() => document.documentElement.scrollWidth") <= width


def test_the_folder_works_on_a_web_server(open_page, loopback):
    with open_page(loopback) as page:
        assert "broken" in headline(page)
        assert all(url.startswith((loopback, "blob:", "data:")) for url in page.asked)
        assert page.evaluate("() => fetch('https://example.org/').then(() => 'sent', e => 'kept')") == "kept"
