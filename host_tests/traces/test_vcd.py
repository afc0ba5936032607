"""VCD as IEEE 1364 has it, and as programs write it: what comes out of it, by time and value."""

import gzip

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ridethrough import BadInput
from ridethrough.traces.load import ProbeMap, load_capture
from ridethrough.traces.readers import open_source, source, vcd
from ridethrough.traces.readers.source import WORD_BYTES_MAX
from ridethrough.traces.readers.vcd_body import Asked

HEAD = "$timescale 1 us $end\n"
ONE = HEAD + "$var wire 1 ! w $end\n$var real 64 # v $end\n$enddefinitions $end\n"


class Heard:
    """A sink that keeps what it hears, one change after the other or several at once."""

    def __init__(self, found):
        self.take = lambda t_us, value: found.append((t_us, value))
        self.several = lambda times_us, values: found.extend(zip(times_us, values, strict=True))


def changes(path, text, *names):
    """Of each channel (time, value), in the order of the file."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode("latin-1"))
    capture = open_source(path)
    found = {}
    for name in names or capture.channels:
        if problem := capture.problem(name):
            raise BadInput(f"{path}: {problem}")
        found[name if name in capture.channels else capture.also[name]] = []
    capture.feed({name: Heard(heard) for name, heard in found.items()}, lambda done: None)
    return found


def both_ways(path, text, *names):
    """The same, read change by change as well."""
    several = changes(path, text, *names)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vcd, "Asked", lambda code, said, take, several: Asked(code, said, take))
        assert changes(path, text, *names) == several
    return several


@pytest.fixture
def read(tmp_path):
    """Yields the changes of the channels, or of the one that is named."""

    def read(text, *names):
        found = both_ways(tmp_path / "t.vcd", text, *names)
        return next(iter(found.values())) if len(names) == 1 else found

    return read


def var(kind, bits, name, code="!"):
    return f"{HEAD}$var {kind} {bits} {code} {name} $end\n$enddefinitions $end\n"


LAYOUTS = {
    "a line each": "#0\n1!\nr1.5 #\n#1000\n0!\n#2000\n1!\n",
    "all on one line": "#0 1! r1.5 # #1000 0! #2000 1!",
    "value and signal on two lines": "#0\n1!\nr1.5\n#\n#1000\n0!\n#2000\n1!\n",
    "blanks and tabs": "  #0 \n\t 1!\n r1.5\t#\n\n\n  #1000\t0!\n#2000   1!  \n",
    "CR LF": "#0\r\n1!\r\nr1.5 #\r\n#1000\r\n0!\r\n#2000\r\n1!\r\n",
    "CR alone": "#0\r1!\rr1.5 #\r#1000\r0!\r#2000\r1!\r",
    "remarks": "$comment a #7 0! $end #0 1! $comment b\n#9 0!\n$end r1.5 #\n#1000\n0! $comment $end\n#2000 1!\n",
    "a remark between a value and its time": "#0\n1!\n$comment\n#5\n0!\n$end\nr1.5 #\n#1000\n0!\n#2000\n1!\n",
    "sections": "#0\n$dumpvars 1! r1.5 # $end\n#1000 $dumpall 0! $end\n#2000\n$dumpon\n1!\n$end\n",
    "sections without an end": "$dumpvars\n#0\n1!\nr1.5 #\n#1000\n0!\n#2000\n1!\n",
    "times said twice": "#0\n1!\n#0\nr1.5 #\n#1000\n#1000\n0!\n#2000\n1!\n#2000\n",
    "a blank behind a level": "#0\n1 !\nr1.5 #\n#1000\n0 !\n#2000\n1\n!\n",
    "no end of the last line": "#0\n1!\nr1.5 #\n#1000\n0!\n#2000\n1!",
}


@pytest.mark.parametrize("body", LAYOUTS.values(), ids=LAYOUTS)
def test_words_are_words_wherever_they_stand(read, body):
    assert read(ONE + body) == {"w": [(0, 1.0), (1000, 0.0), (2000, 1.0)], "v": [(0, 1.5)]}


@pytest.mark.parametrize("size", [1, 2, 3, 7, 16, 40])
@pytest.mark.parametrize("body", LAYOUTS.values(), ids=LAYOUTS)
def test_wherever_a_block_ends(read, monkeypatch, body, size):
    monkeypatch.setattr(source, "_WORDS_BYTES", size)
    monkeypatch.setattr(source, "WORD_BYTES_MAX", 16)
    assert read(ONE + body) == {"w": [(0, 1.0), (1000, 0.0), (2000, 1.0)], "v": [(0, 1.5)]}
    assert read(ONE.replace(" 64 ", " 64\n") + "b" + "1" * 90 + " nobody " + body, "v") == [(0, 1.5)]


HEADERS = {
    "a line": "$timescale 1 us $end $var wire 1 ! w $end $enddefinitions $end ",
    "a word a line": "$timescale\n1us\n$end\n$var\nwire\n1\n!\nw\n$end\n$enddefinitions\n$end\n",
    "CR LF and tabs": "$timescale\r\n\t1 us\r\n$end\r\n\t$var wire 1 ! w $end\r\n$enddefinitions $end\r\n",
    "the timescale last": "$var wire 1 ! w $end $timescale 1  us $end $enddefinitions $end ",
    "remarks and unknown keywords": "$date today $end $comment $var wire 1 # no no\n$end $attrbegin misc 07 x 1 $end\n"
    "$timescale 1us $end $secret a b $end $var wire 1 ! w $end $comment $end $enddefinitions $end\n",
    "a byte order mark": "\xef\xbb\xbf$timescale 1 us $end\n$var wire 1 ! w $end\n$enddefinitions $end\n",
    "fractions of a unit": "$timescale 1.0us $end $var wire 1 ! w $end $enddefinitions $end ",
}


@pytest.mark.parametrize("head", HEADERS.values(), ids=HEADERS)
def test_a_header_is_words_too(read, head):
    assert read(head + "#0 1! #7 0!", "w") == [(0, 1.0), (7, 0.0)]


@pytest.mark.parametrize(
    ("scale", "stamp", "t_us"),
    [("1 ns", "2500", 2), ("10ps", "250000", 2), ("100 us", "3", 300), ("1 s", "2", 2_000_000), ("244ns", "1000", 244),
     ("0.1ns", "20000", 2), ("1 us", "2.5", 2), ("1 ms", "2.5", 2500), ("1 ns", "2999.9", 2)],
)  # fmt: skip
def test_times_and_their_scale(read, scale, stamp, t_us):
    head = f"$timescale {scale} $end $var wire 1 ! w $end $enddefinitions $end\n"
    assert read(f"{head}#0\n1!\n#{stamp}\n0!\n", "w") == [(0, 1.0), (t_us, 0.0)]


def test_many_changes_in_one_microsecond_stay_in_order(read):
    head = "$timescale 1 ns $end $var wire 1 ! w $end $enddefinitions $end\n"
    assert read(head + "#0\n1!\n#1\n0!\n#2\n1!\n#1001\n0!\n1!\n", "w") == [
        (0, 1.0), (0, 0.0), (0, 1.0), (1, 0.0), (1, 1.0)]  # fmt: skip


@pytest.mark.parametrize(
    ("word", "value"),
    [("0", 0.0), ("1", 1.0), ("L", 0.0), ("H", 1.0), ("l", 0.0), ("h", 1.0), *((c, None) for c in "xXzZuUwW-")],
)
def test_nine_values(read, word, value):
    assert read(ONE + f"#3\n{word}!\n", "w") == [(3, value)]
    assert read(var("logic", 1, "w") + f"#3\nb{word} !\n", "w") == [(3, value)]


@pytest.mark.parametrize(
    ("word", "value"),
    [("r12.5", 12.5), ("R-0.25", -0.25), ("r1e1", 10.0), ("r+.5E+01", 5.0), ("r0", 0.0), ("b101", 5.0), ("rnan", None),
     ("r-NaN", None), ("rinf", None), ("r-Infinity", None), ("r1.#INF", None), ("r-1.#IND", None), ("r-nan(ind)", None),
     ("r1e300", None), ("rx", None), ("sidle", None), ("bx", None)],
)  # fmt: skip
def test_reals(read, word, value):
    assert read(ONE + f"#3\n{word} #\n", "v") == [(3, value)]


@pytest.mark.parametrize(
    ("kind", "bits", "word", "value"),
    [("integer", 32, "b10111011100000", 12_000.0), ("integer", 32, "b" + "1" * 32, -1.0),
     ("int", 8, "b10000000", -128.0),
     ("integer", 32, "b" + "0" * 40 + "1", 1.0), ("integer", 32, "b1x1", None), ("integer", 32, "bz", None),
     ("longint", 64, "b0" + "1" * 20, float(2**20 - 1)), ("reg", 8, "b" + "1" * 8, 255.0), ("wire", 14, "b0b11", 3.0),
     ("trireg", 8, "bH0L1", 9.0), ("enum", 8, "b-1", None), ("unheard_of", 8, "b11", 3.0)],
)  # fmt: skip
def test_vectors_of_millivolts(read, kind, bits, word, value):
    assert read(var(kind, bits, "rail_mv[7:0]") + f"#3\n{word} !\n", "rail_mv") == [(3, value)]


@pytest.mark.parametrize(("word", "value"), [("b1", 1.0), ("b0001", 1.0), ("b0", 0.0), ("b10", None), ("bx0", None)])
@pytest.mark.parametrize("bits", [1, 4, 99, 4000])
def test_vectors_as_levels(read, bits, word, value):
    assert read(var("reg", bits, "bus") + f"#3\n{word} !\n", "bus") == [(3, value)]
    wide = var("reg", bits, "bus") + f"#3\n{word[:1]}{'0' * 3000}{word[1:]} !\n"
    assert read(wide, "bus") == [(3, value)]


def test_wide_vectors_are_nobodys_business(read):
    text = var("wire", 99, "bus [98:0]") + "$comment $end #3\n"
    for digits in ("1" * 99, "x" * 99, "1" * 70_000, "1x" * 200_000):
        assert read(
            ONE.replace("$enddef", "$var wire 99 % bus [98:0] $end $enddef") + f"#3\nb{digits} %\n#4 1!", "w"
        ) == [(4, 1.0)]
    assert read(text + "b" + "1" * 99 + " !\n", "bus") == [(3, None)]


def test_a_voltage_is_no_wider_than_64_bits(tmp_path):
    path = tmp_path / "t.vcd"
    path.write_text(var("wire", 99, "rail_mv [98:0]") + "#3\nb1 !\n")
    with pytest.raises(BadInput, match="'rail_mv' has 99 bits"):
        load_capture(path, ProbeMap({"ch_mv": "rail_mv"}))
    path.write_text(var("wire", 64, "rail_mv [63:0]") + "#3\nb1" + "0" * 64 + " !\n")
    with pytest.raises(BadInput, match=r"t.vcd:5: 'b10*' is wider than 64 bits"):
        load_capture(path, ProbeMap({"ch_mv": "rail_mv"}))


@pytest.mark.parametrize(
    ("said", "text"),
    [("sidle !", "idle"), (r"s0\040V !", "0 V"), (r"sa\x20b\\c\n !", "a b\\c\n"), ("s !", ""), ("S1.5 !", "1.5"),
     ("sI have blanks !", "I have blanks"), ("s' ' !", "' '"), ('s"a 1!" !', '"a 1!"'), ("sa 1# 0# b !", "a 1# 0# b")],
)  # fmt: skip
def test_texts(read, said, text):
    head = HEAD + "$var string 1 ! t $end $var wire 1 # w $end $enddefinitions $end\n"
    assert read(f"{head}#0\n{said}\n#3\n1#\n") == {"t": [(0, text)], "w": [(3, 1.0)]}


def test_a_line_that_is_several_changes_is_no_text_with_blanks(read):
    head = HEAD + "$var string 1 ! t $end $var wire 1 # w $end $enddefinitions $end\n"
    assert read(head + "#0\nsa ! 1# sb !\n") == {"t": [(0, "a"), (0, "b")], "w": [(0, 1.0)]}


def test_events_texts_and_levels_keep_their_order(tmp_path):
    head = HEAD + "$var string 1 ! t $end $var event 1 % e $end $var wire 1 # w $end $enddefinitions $end\n"
    (tmp_path / "t.vcd").write_text(head + "#0\nsa !\n1%\n1#\n#1\nsb !\n1%\n#2\n1%\n")
    capture = open_source(tmp_path / "t.vcd")
    found, levels = [], []
    sinks = {name: Heard([]) for name in "tew"}
    sinks["w"] = Heard(levels)
    for name in "te":
        sinks[name].take = lambda t_us, value, name=name: found.append((t_us, name, value))
    capture.feed(sinks, lambda done: None)
    assert found == [(0, "t", "a"), (0, "e", 1.0), (1, "t", "b"), (1, "e", 1.0), (2, "e", 1.0)] and levels == [(0, 1.0)]


KINDS = [
    ("wire 1", "level", 0), ("supply0 1", "level", 0), ("tri1 1", "level", 0), ("bit 1", "level", 0),
    ("time 64", "level", 0),
    ("parameter 32", "level", 0), ("port 1", "level", 0), ("nobody_knows 7", "level", 0), ("real 64", "voltage", 1000),
    ("shortreal 32", "voltage", 1000), ("realtime 1", "voltage", 1000), ("integer 32", "voltage", 1),
    ("shortint 16", "voltage", 1), ("byte 8", "voltage", 1), ("string 0", "text", 0), ("event 1", "event", 0),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "what", "unit_mv"), KINDS, ids=[kind for kind, _, _ in KINDS])
def test_kinds_of_signals(tmp_path, kind, what, unit_mv):
    (tmp_path / "t.vcd").write_text(f"{HEAD}$var {kind} ! rail $end $enddefinitions $end\n#0\n")
    channel = open_source(tmp_path / "t.vcd").channels["rail"]
    assert (channel.what, channel.unit_mv) == (what, unit_mv)


@pytest.mark.parametrize(("name", "unit_mv"), [("rail_mv", 1), ("rail_mV", 1), ("CH power [mV]", 1), ("rail", 1000)])
def test_the_unit_in_a_name(tmp_path, name, unit_mv):
    (tmp_path / "t.vcd").write_text(var("real", 64, name) + "#0\n")
    assert open_source(tmp_path / "t.vcd").channels[name].unit_mv == unit_mv


@pytest.mark.parametrize(
    ("reference", "name"),
    [("bus [99:0]", "bus"), ("bus[99:0]", "bus"), ("bus [3]", "bus[3]"), ("mem[3] [7:0]", "mem[3]"), ("q [0:-5]", "q"),
     (r"\es[caped]", "es[caped]"), ("CH power [mV]", "CH power [mV]"), ("a.b:0", "a.b:0"), ("[3]", "[3]")],
)  # fmt: skip
def test_names(read, reference, name):
    assert read(var("wire", 1, reference) + "#2\n1!\n", name) == [(2, 1.0)]


def test_one_code_under_several_names(read, tmp_path):
    head = HEAD + "$scope module top $end $var wire 1 ! mains $end $var wire 1 ! reset $end $scope module sub $end "
    head += "$var wire 1 ! mains $end $var integer 32 ! rail $end $upscope $end $upscope $end $enddefinitions $end\n"
    every = [(0, 1.0), (5, 0.0)]
    body = head + "#0\n1!\n#5\n0!\n"
    assert read(body) == dict.fromkeys(("top.mains", "reset", "top.sub.mains", "rail"), every)
    for name in ("mains", "top.mains", "top.reset", "reset", "top.sub.rail"):
        assert read(body, name) == every
    capture = load_capture(tmp_path / "t.vcd", ProbeMap({"mains": "top.sub.mains", "ac_lost": "reset"}))
    assert capture.wire("mains", 1).sure == capture.wire("ac_lost", 1).sure == [(0, 5)]


def test_a_name_with_dots_is_no_scope(read):
    head = (
        HEAD + "$var wire 1 # a.w $end $var wire 1 % z.w $end $scope module a $end $var wire 1 ! w $end $upscope $end\n"
    )
    head += "$scope module z $end $var wire 1 ! w $end $upscope $end $enddefinitions $end\n"
    assert read(head + "#0\n1!\n0#\n", "w") == [(0, 1.0)]


SEVERAL = (
    HEAD + "$scope module a $end $var wire 1 ! w $end $var wire 1 % v $end $var wire 4 & b [3:0] $end $upscope $end\n"
    "$scope module z $end $var wire 1 # w $end $upscope $end\n"
    "$scope module a $end $var wire 1 ( v $end $var wire 4 ) b [7:4] $end $upscope $end\n"
    "$enddefinitions $end\n#0\n1!\n0#\n1%\n0(\nb1 &\nb0 )\n"
)


@pytest.mark.parametrize(
    ("name", "value"),
    [("a.w", 1.0), ("z.w", 0.0), ("a.b[3:0]", 1.0), ("b[7:4]", 0.0)],
)
def test_what_tells_signals_of_one_name_apart(read, name, value):
    assert read(SEVERAL, name) == [(0, value)]


@pytest.mark.parametrize(
    ("name", "said"),
    [("w", "several signals are called 'w', such as a.w, z.w"), ("v", "two signals are called 'a.v'"),
     ("a.v", "two signals are called 'a.v'"), ("b", "such as a.b.3:0., a.b.7:4."), ("q", "has no channel 'q'")],
)  # fmt: skip
def test_doubled_names_are_refused_when_somebody_asks(tmp_path, name, said):
    path = tmp_path / "t.vcd"
    path.write_text(SEVERAL)
    assert load_capture(path, ProbeMap({"mains": "a.w"})).wire("mains", 1).sure == [(0, 1)]
    with pytest.raises(BadInput, match=said) as error:
        load_capture(path, ProbeMap({"mains": name}))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (ONE + "#0\n1!\n#5\n#4\n", "t.vcd:8: '#4': time goes backwards, from 5 to 4"),
        (ONE + "#0 1! #5\n0! #4", "t.vcd:6: '#4': time goes backwards, from 5 to 4"),
        (ONE + "#0\n1!\n#5\nb1", "t.vcd:8: 'b1': a value without its signal"),
        (ONE + "#0\nb1\n#5\n1!\n", "t.vcd:7: 'b1': a value without its signal"),
        (ONE + "#0\n1!\n$comment never", "t.vcd:7: a remark without its .end"),
        (ONE + "#0\n1!\n\n!!\n", "t.vcd:8: '!!' is no change of a signal"),
        (ONE + "#0\n1\x01\n", "t.vcd:6: '1.' is no change of a signal"),
        (ONE + "#0\n\x00\xfe\xff\n", "t.vcd:6: '.þÿ' is no change of a signal"),
        (ONE + "#0\nrabc #\n", "t.vcd:6: 'rabc' is no value"),
        (ONE + "#0\nb #\n", "t.vcd:6: 'b' is no value"),
        (ONE + "#0\nb12 #\n", "t.vcd:6: 'b12' is no value"),
        (ONE + "#1x\n", "t.vcd:5: '#1x': that is no time"),
        (ONE + "#" + "9" * 9000 + "\n", "t.vcd:5: '#9*': that is no time"),
        (ONE + "#0\n" * 40_000 + "?\n", r"t.vcd:40005: '\?' is no change"),
        (ONE + "r" + "1" * (WORD_BYTES_MAX + 9) + " #\n", f"is longer than {WORD_BYTES_MAX} bytes"),
        (ONE + "pD 6 6 <0\n", "an extended VCD .EVCD"),
        (HEAD + "$var port 1 <0 d $end $var port [7:0] <1 q $end $enddefinitions $end\n", "an extended VCD .EVCD"),
        ("$var wire 1 ! w $end $enddefinitions $end\n#0\n", "no .timescale"),
        ("$timescale 3 weeks $end $var wire 1 ! w $end $enddefinitions $end\n", "t.vcd:1: timescale '3weeks'"),
        ("$timescale 0.3fs $end $enddefinitions $end\n", "timescale '0.3fs'"),
        ("$timescale 1 us $end\n$var wire 1 $end\n", "t.vcd:2: a .var without type, size, id and name"),
        (HEAD + "hello\n", "t.vcd:2: 'hello' in the header"),
    ],
)
def test_what_is_no_vcd(tmp_path, text, said):
    with pytest.raises(BadInput, match=said) as error:
        changes(tmp_path / "t.vcd", text)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("begins", "said"),
    [
        (b"\0\0\0\0\0\0\0\x01\x49\0\0", "a GTKWave FST"),
        (b"\xfe\0\0\0\0\0\0\x0b\x5f", "a GTKWave FST"),
        (b"GHDLwave\n\x10\0", "a GHDL"),
        (b"\xfd7zXZ\0\0", "packed by xz"),
    ],
)
def test_what_other_viewers_read(tmp_path, begins, said):
    (tmp_path / "t.vcd").write_bytes(begins)
    with pytest.raises(BadInput, match=said):
        open_source(tmp_path / "t.vcd")


OURS = "$comment voltages in mV, a sample every {} mV and at {} mV $end\n$version ridethrough $end\n" + ONE


def test_what_a_remark_of_ours_promises(tmp_path):
    path = tmp_path / "t.vcd"
    path.write_text(OURS.format(50, "9000, 10800") + "#0\n")
    ours = open_source(path)
    assert (ours.resolution_mv, ours.exact_mv, ours.complete) == (50, {9000, 10800}, True)
    for numbers in ((5, "0 0810"), (5, ","), (5, " "), ("9" * 5000, "1"), (5, "1, , 2"), (5, "9" * 5000)):
        path.write_text(OURS.format(*numbers) + "#0\n")
        assert open_source(path).resolution_mv == 0


def test_a_clock_that_does_not_begin_at_zero(tmp_path):
    (tmp_path / "t.vcd").write_text(
        "$timezero -20 $end $timescale 1 ms $end $var wire 1 ! mains $end $enddefinitions $end\n#0\n"
    )
    assert load_capture(tmp_path / "t.vcd", ProbeMap()).first_us == -20_000


def test_more_signals_than_anybody_asks_for(read):
    many = "".join(f"$var wire {i % 70 + 1} a{i} s{i} $end\n" for i in range(3000))
    assert read(HEAD + many + "$enddefinitions $end\n#5\n1a70\n", "s70") == [(5, 1.0)]


CODES = {"w": "!", "v": "#", "n": "#5", "t": "0"}
CHANGE = st.one_of(
    st.tuples(st.just("w"), st.sampled_from(["0", "1", "x"])),
    st.tuples(st.just("v"), st.floats(-99, 99, allow_nan=False).map(lambda v: f"r{v:.16g} ")),
    st.tuples(st.just("n"), st.integers(0, 30_000).map(lambda n: f"b{n:b} ")),
    st.tuples(st.just("t"), st.sampled_from(["sidle ", "s1! ", "s#3 "])),
)
STEPS = st.lists(st.tuples(st.integers(0, 400), st.lists(CHANGE, max_size=4)), max_size=30)
BLANK = st.sampled_from(["\n", " ", "\r\n", "\t", "\n\n  "])
BETWEEN = BLANK | st.sampled_from(["\n$comment #1 0! b1\n#2 $end\n", " $comment\n#3\n$end ", "\n$dumpall\n", " $end "])


def value_of(name, word):
    if name == "w":
        return {"0": 0.0, "1": 1.0, "x": None}[word]
    text = word[1:].strip()
    return text if name == "t" else float(int(text, 2) if name == "n" else text)


@settings(max_examples=150)
@given(STEPS, st.data())
def test_the_same_content_laid_out_in_any_way_reads_the_same(tmp_path_factory, steps, data):
    path = tmp_path_factory.getbasetemp() / "layout.vcd"
    head = HEAD + "$var wire 1 ! w $end $var wire 1 ! alias $end $var real 64 # v $end $var integer 32 #5 n $end\n"
    head += "$var string 0 0 t $end $enddefinitions $end\n"
    now, told, plain, other = 0, {name: [] for name in CODES}, head, head
    for step_us, said in steps:
        now += step_us
        plain += f"#{now}\n"
        other += f"#{now}{data.draw(BETWEEN)}"
        for name, word in said:
            told[name].append((now, value_of(name, word)))
            plain += word + CODES[name] + "\n"
            other += word.replace(" ", data.draw(BLANK)) + CODES[name] + data.draw(BETWEEN)
    told["alias"] = told["w"]
    for text in (plain, other):
        assert both_ways(path, text) == told
    path.with_suffix(".gz").write_bytes(gzip.compress(other.encode()))
    assert open_source(path.with_suffix(".gz")).channels == open_source(path).channels
