"""Pages stand alone, say what failed first, and can be read without seeing them."""

import re
from html.parser import HTMLParser

import pytest
from ridethrough.cli import main

VOID = {"meta", "br", "img", "input", "link", "hr"}


class Reader(HTMLParser):
    """Tags in order, checked to nest; text by tag."""

    def __init__(self):
        super().__init__()
        self.stack, self.tags, self.texts, self.attributes = [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes.append((tag, dict(attrs)))
        if tag not in VOID:
            self.stack.append(tag)

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag

    def handle_data(self, data):
        if data.strip():
            self.texts.append((self.stack[-1] if self.stack else "", data.strip()))


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    vcd = str(folder / "t.vcd")
    main(["run", "long_reboot", "--html", str(folder / "run.html"), "--vcd", vcd, "--quiet"])
    main(["check", vcd, "--html", str(folder / "check.html"), "--json"])
    main(
        [
            "rules",
            "matrix",
            "--rules",
            "mp102-wg-2020-04",
            "--specimens",
            "sag,chatter",
            "--html",
            str(folder / "m.html"),
        ]
    )
    main(["rules", "draft", "planned-unplanned", "-o", str(folder / "draft.html")])
    return {path.stem: path.read_text() for path in folder.glob("*.html")}


@pytest.mark.parametrize("name", ["run", "check", "m", "draft"])
def test_a_page_stands_alone(pages, name):
    text = pages[name]
    reader = Reader()
    reader.feed(text)
    assert not reader.stack and reader.tags.count("h1") == 1
    assert not re.search(r"https?://(?!www\.w3\.org)", text) and "@import" not in text
    for tag, attributes in reader.attributes:
        # a picture lies in the page itself
        assert attributes.get("src", "data:image/svg+xml;base64,").startswith("data:image/svg+xml;base64,")
        assert not (tag == "link" or "href" in attributes), (tag, attributes)
        if attributes.get("role") in ("img", "region"):
            assert attributes["aria-label"]
        if tag == "th":
            assert attributes["scope"] in ("row", "col")
    assert "prefers-color-scheme: dark" in text and "@media print" in text and 'lang="en-GB"' in text


@pytest.mark.parametrize("name", ["run", "check"])
def test_the_verdict_is_what_the_eye_meets_first(pages, name):
    reader = Reader()
    reader.feed(pages[name])
    body = [text for tag, text in reader.texts if tag in ("h1", "p")]
    assert "FAIL: CH power below 90 %" in body[1]
    said = [text for tag, text in reader.texts if tag == "li"]
    assert any("AD1 (power outage) sent: false, meter's doing" in text for text in said)
    shades = [a for tag, a in reader.attributes if tag == "rect" and a.get("class") == "counted"]
    assert len(shades) == 1


def test_what_comes_from_outside_is_text_and_no_markup(tmp_path):
    rule = tmp_path / "<b>.toml"
    rule.write_text(
        '[rule]\nid="x"\ntext="<script>alert(1)</script>"\nsource="&amp;"\n[reading]\nlasting="3 min or more"\n'
    )
    capture = tmp_path / "<i>.csv"
    capture.write_text("time [s],<u>\n0,12.5\n1,11.5\n2,12.25\n")
    out = tmp_path / "o.html"
    main(["check", str(capture), "--map", "ch_mv=<u>", "--rule", str(rule), "--at", "reset=1s", "--html", str(out)])
    text = out.read_text()
    assert "<script>alert" not in text and "&lt;script&gt;alert" in text and "<u>" not in text and "<i>" not in text
