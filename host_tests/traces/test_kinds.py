"""One table for each way in which an instrument writes one: a cut of 100 s passes, one of 220 s fails, both are as long
as they were; what cannot be read is refused with its cure, and what nobody saw is undecided.
"""

import codecs
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from ridethrough import BadInput, Rule
from ridethrough.cli import main
from ridethrough.traces.load import ProbeMap, load_capture
from support import S
from table_files import DOWN_AT, DOWN_S, EVERY_S, OFF_V, ROWS, UP_V, put, samples, session, table

WG = Rule.load("mp102-wg-2020-04")
SHORT, LONG = 25, 55
"""Rows of a cut that the rule allows, and of one that it does not."""
BEGUN = datetime(2026, 5, 17, 8, 45, tzinfo=UTC)


@dataclass(frozen=True)
class Kind:
    """A way to write the table. `channel`: what the rail is asked for by. `t0`: seconds on its own clock at the first
    row. `probes`: how it was connected, besides."""

    id: str
    channel: str
    head: str
    row: object
    every_s: float = EVERY_S
    count: int = ROWS
    t0: float = 0.0
    probes: dict = field(default_factory=dict)
    file: dict = field(default_factory=dict)
    foot: str = ""


def verdict_of(path, channel, t0=0.0, down_s=DOWN_S, outcome_s=690, rule=WG, **probes):
    """The verdict on a reset at the beginning of the cut, and what it rests on."""
    probes = {"assumed": {"mains": 1}} | probes
    capture = load_capture(path, ProbeMap({"ch_mv": channel, **probes.pop("wires", {})}, **probes), rule.levels_mv)
    first_s = capture.first_us / S
    assert first_s == pytest.approx(t0, abs=1e-6)
    capture.state("reset", round((t0 + down_s) * S), "activation")
    capture.state("outcome", round((t0 + outcome_s) * S))
    return rule.check(capture), capture


def each(kinds):
    return pytest.mark.parametrize("kind", kinds, ids=[kind.id for kind in kinds])


def both_verdicts(kind, tmp_path, name="t.csv"):
    """A short cut passes and a long one fails, and each is as long as it was, within a period."""
    for off, status in ((SHORT, "pass"), (LONG, "fail")):
        rows_off = round(off * EVERY_S / kind.every_s)
        down_at = DOWN_AT * kind.every_s
        found = samples(rows_off, kind.every_s, kind.count)
        path = put(tmp_path / name, table(kind.head, kind.row, found, kind.foot), **kind.file)
        verdict, _ = verdict_of(path, kind.channel, kind.t0, down_at, (kind.count - 2) * kind.every_s, **kind.probes)
        assert verdict.status == status, verdict
        assert verdict.witness.amount_us == pytest.approx(off * EVERY_S * S, abs=kind.every_s * S + 2)


TEK_BESIDE = [
    "Record Length,1.750000e+02,", "Sample Interval,4.000000e+00,", "Trigger Point,8.7e+01,", "Source,CH2,",
    "Vertical Units,V,", "Vertical Scale,5.0,", "Horizontal Units,s,", "Horizontal Scale,70,", "Pt Fmt,Y,",
    "Probe Atten,1.0,", "Model Number,TDS2024C,", "Firmware Version,FV:v24.26,",
]  # fmt: skip

LAYOUTS = [
    Kind("tek-tds-beside", "CH2", "",
         lambda s: f"{TEK_BESIDE[s.i] if s.i < len(TEK_BESIDE) else ',,'},{s.t - 350:012.6f},{s.v:9.5f},", t0=-350),
    Kind("tek-mso4", "CH3",
         "Model,MSO4034B\nFirmware Version,3.20\n\nPoint Format,Y,\nHorizontal Units,S,\nHorizontal Scale,70,\n"
         "Sample Interval,4,\nRecord Length,175,\nProbe Attenuation,10,10\nVertical Units,V,A\nVertical Scale,5,1\n"
         "Label,rail,load\nTIME,CH3,CH4\n", "{t:.6e},{v:.3f},0.25"),
    Kind("tek-mso5", "CH1",
         "Model,MSO54\nLabel,,\nWaveform Type,ANALOG\nPoint Format,Y\nHorizontal Units,s\nHorizontal Scale,70\n"
         "Horizontal Delay,0\nSample Interval,4.0E+0\nRecord Length,175\nVertical Units,V\nVertical Offset,0\n\n\n"
         "TIME,CH1\n", "{t:.4E},{v:.5E}"),
    Kind("rigol-ds1000z", "CH2", "X,CH1,CH2,Start,Increment,\nSequence,Volt,Volt,-3.500000e+02,4.000000e+00\n",
         "{i},2.0e-02,{v:.2e},,", t0=-350),
    Kind("rigol-mso5000", "CH1V", "CH1V,CH2V,t0 =-3.500000e+02s, tInc = 4.000000e+00,\n",
         "{v:.3e},1.2e-02,,,", t0=-350),
    Kind("rigol-time-and-volts", "CH1", "Time(s),CH1(V),CH2(V)\n", "{t:.3f},{v:.4f},0.02"),
    Kind("siglent-one", "CH4",
         "Record Length,Analog:175\nSample Interval,Analog:4.0\nVertical Units,CH4:V\nVertical Scale,CH4:5.00\n"
         "Vertical Offset,CH4:0.00\nHorizontal Units,s\nHorizontal Scale,70\nModel Number,SDS1202X-E\n"
         "Software Version,1.3.26\nSource,CH4\nSecond,Volt\n", "{t:.9f},{v:.5f}"),
    Kind("siglent-two", "CH2",
         "Record Length,Analog:175\nSample Interval,Analog:4.0\nVertical Units,CH1:V,CH2:V\nHorizontal Units,s\n"
         "Model Number,SDS2104X Plus\nSource,CH1,CH2\nSecond,Volt,Volt\n", "{t:.9f},0.10000,{v:.5f}"),
    Kind("keysight-3000", "2", "x-axis,1,2\nsecond,Volt,Volt\n", "{t:+.6E},+1.00E-01,{v:+.5E}"),
    Kind("keysight-ampere-beside", "1", "x-axis,1,4\nsecond,Volt,Ampere\n", "{t:+.6E},{v:+.5E},+5.0E-01"),
    Kind("lecroy", "Ampl",
         "LECROYHDO4054A,52341,Waveform\nSegments,1,SegmentSize,175\nSegment,TrigTime,TimeSinceSegment1\n"
         "#1,17-May-2026 08:45:00,0\nTime,Ampl\n", "{t:.8f},{v:.6f}"),
    Kind("lecroy-negative", "Ampl",
         "LECROYWS3034,10007,Waveform\nSegments,1,SegmentSize,175\nSegment,TrigTime,TimeSinceSegment1\n"
         "#1,17-May-2026 08:45:00,0                 \nTime,Ampl\n",
         lambda s: f"{s.t - 200:.5e},{s.v:.4f}", t0=-200),
    Kind("yokogawa-dl", "CH1",
         '"Header Size",15\n"Model Name","DL850E"\n"Comment",""\n"BlockNumber",1\n"TraceName","CH1"\n'
         '"BlockSize",175\n"VUnit","V"\n"SampleRate",0.25\n"HResolution",4.0\n"HOffset",0.0\n"HUnit","s"\n'
         '"Date","2026/05/17"\n"Time","08:45:00"\n\n', ",{v:.5E},"),
    Kind("picoscope-volts", "Channel B", "Time,Channel A,Channel B\n(s),(V),(V)\n\n", "{t:.8f},0.01,{v:.8f}"),
    Kind("picoscope-millis", "Channel A", "Time,Channel A,Channel C\n(ms),(mV),(mA)\n\n",
         lambda s: f"{s.t * 1000:.5f},{s.v * 1000:.3f},12.5"),
    Kind("picoscope-semicolon", "Kanal A", "Zeit;Kanal A\n(s);(V)\n\n",
         lambda s: f"{s.t:.5f};{s.v:.5f}".replace(".", ",")),
    Kind("rohde-rtb", "C1 in V", "in s,C1 in V\n", "{t:.6E},{v:.5E}"),
    Kind("rohde-rtb-two", "C2 in mV", "in s,C1 in V,C2 in mV\n", lambda s: f"{s.t:.6E},1.0E-02,{s.v * 1000:.4E}"),
    Kind("gw-instek", "CH1",
         "Format,2.0B,\nMemory Length,175,\nIntpDistance,0,\nTrigger Address,87,\nSource,CH1,\nVertical Units,V,\n"
         "Probe,1.000e+01,\nVertical Scale,5.000e+00,\nHorizontal Units,S,\nHorizontal Scale,7.0e+01,\n"
         "Sampling Period,4.000e+00,\nFirmware,V1.30,\nMode,Detail,\nWaveform Data,\n", "{t:.4e},{v:.3e},"),
    Kind("hantek-units-in-names", "CH1 Voltage", "Time(ms),CH1 Voltage(mV)\n",
         lambda s: f"{s.t * 1000:.1f},{s.v * 1000:.1f}"),
    Kind("owon", "CH1_Voltage",
         "Waveform Type :,Normal\nChannel :,CH1\nFrequency :,?\nTime interval :  4000000.00000us\n"
         "Index,CH1_Voltage(mV)\n", lambda s: f"{s.i},{s.v * 1000:.2f}"),
    Kind("sampling-rate-above-a-count", "U1", "Sample Rate,0.25 Sa/s\nPoint,U1\n", "{i},{v:.3f}"),
    Kind("names-over-units-of-three", "bus", "Elapsed,bus,aux\ns,V,A\n", "{t},{v},0.5"),
    Kind("dataq", "CH power", '"Relative Time","CH power"\n"sec","Volt"\n', "{t:.3f},{v:.4f}"),
    Kind("benchvue", "Channel 101",
         "Instrument Model: 34972A\nInstrument Address: USB0::0x0957\n\nScan,Elapsed Time (s),Channel 101 (VDC)\n",
         lambda s: f"{s.i + 1},{s.t:.3f},{s.v:.6E}"),
    Kind("fluke-forms", "Value", "Reading,Time [s],Value [V DC]\n", lambda s: f"{s.i + 1},{s.t:.1f},{s.v:.4f}"),
    Kind("keithley-kickstart", "Reading", "Index,Relative Time (s),Reading (V),Range (V)\n",
         "{i},{t:.6f},{v:+.7E},100"),
    Kind("ina219-script", "bus_V", "time_ms,bus_V,shunt_mV,current_mA\n",
         lambda s: f"{s.t * 1000:.0f},{s.v:.3f},0.41,4.1"),
    Kind("remarks-of-three-kinds", "rail", "# logger 7\n% calibrated in May\n; cold start\n// bench two\n"
         "t [s],rail [V]\n", "{t},{v}"),
    Kind("remark-in-the-middle", "rail", "t [s],rail [V]\n",
         lambda s: ("# someone opened the door\n" if s.i == 60 else "") + f"{s.t},{s.v}"),
    Kind("header-in-a-remark-first", "rail", "#\n#\nt_s,rail\n", "{t},{v}"),
    Kind("sigrok-cli-no-time", "D3",
         "; CSV generated by libsigrok 0.5.2 on Sun May 17 08:45:00 2026\n; Channels (2/8): D2, D3\n"
         "; Samplerate: 2 Hz\nlogic,logic\n", "0,{up}", every_s=0.5, count=1400, probes={"threshold_mv": 10_800}),
    Kind("sigrok-cli-with-time", "D1",
         "; CSV generated by libsigrok 0.5.2\n; Channels (1/8): D1\n; Samplerate: 1 Hz\nmilliseconds,logic\n",
         lambda s: f"{s.t * 1000:.0f},{s.up}", every_s=1, count=700, probes={"threshold_mv": 10_800}),
    Kind("sigrok-cli-analog", "A2",
         "; CSV generated by libsigrok 0.5.2\n; Channels (1/2): A2\n; Samplerate: 1 Hz\nTime [s],A2 (V)\n",
         "{t:.6f},{v:.6f}", every_s=1, count=700),
    Kind("trailing-semicolons", "U", "t [s];U [V];;\n", "{t};{v};;"),
    Kind("trailing-comment-column", "U", "t [s],U [V],remark\n",
         lambda s: f"{s.t},{s.v},{'door open' if s.i == 50 else ''}"),
    Kind("tabs", "rail voltage", "time [s]\trail voltage [V]\n", "{t:.2f}\t{v:.3f}"),
    Kind("tabs-decimal-comma", "Spannung", "Zeit [s]\tSpannung [V]\n",
         lambda s: f"{s.t:.2f}\t{s.v:.3f}".replace(".", ",")),
    Kind("semicolon-decimal-comma", "Spannung", "Zeit [s];Spannung [V]\n",
         lambda s: f"{s.t:.2f};{s.v:.3f}".replace(".", ",")),
    Kind("decimal-comma-in-quotes", "tension", "temps [s],tension [V]\n",
         lambda s: '"' + f'{s.t:.2f}","{s.v:.3f}'.replace(".", ",") + '"'),
    Kind("all-quoted", "CH B", '"Time (s)","CH B (V)"\n', '"{t:.3f}","{v:.3f}"'),
    Kind("comma-in-a-name", "rail, after fuse", 'time [s],"rail, after fuse"\n', "{t},{v}"),
    Kind("quotes-in-a-name", 'the "hot" side', 'time [s],"the ""hot"" side"\n', "{t},{v}"),
    Kind("spaces-around-cells", "U", "  time [s] ,  U [V]  \n", "  {t:>8.1f} ,  {v:>7.3f} "),
    Kind("foot-without-a-line-end", "U", "time [s],U\n", "{t},{v}", foot="700,13.1"),
]  # fmt: skip


@each(LAYOUTS)
def test_layouts(kind, tmp_path):
    both_verdicts(kind, tmp_path)


PLAIN = ("time [s],rail µV\n", lambda s: f"{s.t},{s.v * 1e6:.0f}")
GREEK = ("time [s],rail μV\n", PLAIN[1])
ENCODINGS = [
    Kind("utf8-mark", "rail µV", *PLAIN, file={"encoding": "utf-8-sig"}),
    Kind("utf8-mark-and-crlf", "rail µV", *PLAIN, file={"encoding": "utf-8-sig", "end": "\r\n"}),
    Kind("utf16-le-mark", "rail µV", *PLAIN, file={"encoding": "utf-16-le", "mark": codecs.BOM_UTF16_LE}),
    Kind("utf16-be-mark", "rail µV", *PLAIN, file={"encoding": "utf-16-be", "mark": codecs.BOM_UTF16_BE}),
    Kind("utf16-le-unmarked", "rail", "time [s],rail\n", "{t},{v}", file={"encoding": "utf-16-le"}),
    Kind("utf16-be-unmarked", "rail", "time [s],rail\n", "{t},{v}", file={"encoding": "utf-16-be"}),
    Kind("utf16-le-unmarked-micro", "rail µV", *PLAIN, file={"encoding": "utf-16-le"}),
    Kind("utf16-le-crlf-tabs", "rail", "time [s]\trail\n", "{t}\t{v}",
         file={"encoding": "utf-16-le", "mark": codecs.BOM_UTF16_LE, "end": "\r\n"}),
    Kind("cp1252-micro", "rail µV", *PLAIN, file={"encoding": "cp1252"}),
    Kind("cp1252-umlaut", "Gerät", "Zeit [s];Gerät [V]\n", "{t};{v}", file={"encoding": "cp1252", "end": "\r\n"}),
    Kind("greek-mu", "rail μV", *GREEK),
    Kind("micro-seconds-cp1252", "rail", "time [µs],rail\n", lambda s: f"{s.t * 1e6:.0f},{s.v}",
         file={"encoding": "cp1252"}),
    Kind("cr-alone", "rail µV", *PLAIN, file={"end": "\r"}),
    Kind("crlf", "rail µV", *PLAIN, file={"end": "\r\n"}),
    Kind("gzip", "rail µV", *PLAIN, file={"packed": True}),
    Kind("gzip-utf16", "rail µV", *PLAIN, file={"encoding": "utf-16-le", "mark": codecs.BOM_UTF16_LE, "packed": True}),
    Kind("gzip-cr-alone-mark", "rail", "time [s],rail\n", "{t},{v}",
         file={"encoding": "utf-8-sig", "end": "\r", "packed": True}),
]  # fmt: skip


@each(ENCODINGS)
def test_encodings(kind, tmp_path):
    both_verdicts(kind, tmp_path)


def moment(s, form):
    return (BEGUN + timedelta(seconds=s.t)).strftime(form)


def clock(form, hours=0):
    begun = datetime(2026, 5, 17, hours, 55, tzinfo=UTC)
    return lambda s: (begun + timedelta(seconds=s.t)).strftime(form) + f",{s.v}"


def dated(form):
    return lambda s: f"{moment(s, form)},{s.v}"


def in_unit(factor, digits=3):
    return lambda s: f"{s.t * factor:.{digits}f},{s.v}"


EPOCH_S = BEGUN.timestamp()
TIMES = [
    *(Kind(f"time-head-{i}", "U", f"{head},U\n", in_unit(factor, 9)) for i, (head, factor) in enumerate([
        ("s", 1), ("sec", 1), ("Seconds", 1), ("Time(ms)", 1e3), ("t_us", 1e6), ("time (µs)", 1e6), ("Time [ns]", 1e9),
        ("Timestamp (msec)", 1e3), ("elapsed_s", 1), ("Elapsed time (min)", 1 / 60), ("t/s", 1), ("Time in ms", 1e3),
        ("Zeit [s]", 1), ("time_usec", 1e6), ("Time, s".replace(",", " "), 1), ("Relative Time [hours]", 1 / 3600),
    ])),
    Kind("seconds-with-exponents", "U", "Time (s),U\n", "{t:.7E},{v}"),
    Kind("seconds-with-a-plus", "U", "Time (s),U\n", "{t:+.3f},{v}"),
    Kind("iso-t", "U", "when,U\n", dated("%Y-%m-%dT%H:%M:%S")),
    Kind("iso-space", "U", "timestamp,U\n", dated("%Y-%m-%d %H:%M:%S.%f")),
    Kind("iso-z", "U", "timestamp,U\n", dated("%Y-%m-%dT%H:%M:%SZ")),
    Kind("iso-zone", "U", "timestamp,U\n", dated("%Y-%m-%dT%H:%M:%S.%f+00:00")),
    Kind("iso-nanoseconds", "U", "timestamp,U\n", dated("%Y-%m-%dT%H:%M:%S.%f000Z")),
    Kind("iso-slashes", "U", "Date/Time,U\n", dated("%Y/%m/%d %H:%M:%S")),
    Kind("day-first-by-points", "U", "Datum Zeit,U\n", dated("%d.%m.%Y %H:%M:%S")),
    Kind("american-am-pm", "U", "Date Time,U\n", dated("%m/%d/%Y %I:%M:%S %p")),
    Kind("month-by-name", "U", "Date Time,U\n", dated("%d-%b-%Y %H:%M:%S")),
    Kind("time-of-day", "U", "Time,U\n", clock("%H:%M:%S", 9)),
    Kind("time-of-day-fraction", "U", "Time,U\n", clock("%H:%M:%S.%f", 9)),
    Kind("time-of-day-over-midnight", "U", "Time,U\n", clock("%H:%M:%S", 23)),
    Kind("time-of-day-am-pm-over-midnight", "U", "Time,U\n", clock("%I:%M:%S %p", 23)),
    Kind("time-of-day-am-pm-over-noon", "U", "Time,U\n", clock("%I:%M:%S %p", 11)),
    Kind("epoch-seconds", "U", "unix time [s],U\n", lambda s: f"{EPOCH_S + s.t:.3f},{s.v}"),
    Kind("epoch-millis", "U", "timestamp_ms,U\n", lambda s: f"{(EPOCH_S + s.t) * 1e3:.0f},{s.v}"),
    Kind("epoch-micros", "U", "timestamp [us],U\n", lambda s: f"{(EPOCH_S + s.t) * 1e6:.0f},{s.v}"),
    Kind("date-column-of-its-own", "U", "Date,Time,U\n", dated("%Y-%m-%d,%H:%M:%S")),
    Kind("date-column-last", "U", "Time,U,Date\n", lambda s: f"{moment(s, '%H:%M:%S')},{s.v},{moment(s, '%d.%m.%Y')}"),
    Kind("date-column-over-midnight", "U", "Date,Time,U\n",
         lambda s: (BEGUN.replace(hour=23, minute=55) + timedelta(seconds=s.t)).strftime("%d-%b-%Y,%H:%M:%S")
         + f",{s.v}"),
    Kind("count-then-date", "U", "No.,Date Time,U\n", lambda s: f"{s.i + 1},{moment(s, '%Y-%m-%d %H:%M:%S')},{s.v}"),
]  # fmt: skip


@each(TIMES)
def test_times(kind, tmp_path):
    both_verdicts(kind, tmp_path)


def volts_as(factor, digits=4):
    return lambda s: f"{s.t},{s.v * factor:.{digits}f}"


UNITS = [
    *(Kind(f"unit-{i}-{name}", name, f"time [s],{name}\n", volts_as(factor, 7)) for i, (name, factor) in enumerate([
        ("rail [mV]", 1e3), ("rail_mV", 1e3), ("rail (uV)", 1e6), ("rail {µV}", 1e6), ("bus/kV", 1e-3),
        ("bus (mV DC)", 1e3), ("bus (V DC)", 1), ("bus in mV", 1e3), ("bus millivolts", 1e3), ("bus (Millivolt)", 1e3),
        ("bus Volt", 1), ("Volts", 1), ("uV bus", 1e6), ("kV bus", 1e-3), ("mV_bus", 1e3), ("V", 1),
        ("bus microvolts", 1e6),
        ("bus [mVdc]", 1e3), ("bus", 1),
    ])),
    Kind("asked-for-without-its-unit", "rail", "time [s],rail [mV]\n", volts_as(1e3)),
    Kind("a-row-of-units-milli", "U1", "t,U1\ns,mV\n", volts_as(1e3)),
    Kind("a-row-of-units-micro", "U1", "t,U1\n[s],[µV]\n", volts_as(1e6, 0)),
    Kind("a-row-of-units-kilo", "U1", "t,U1\nms,kV\n", lambda s: f"{s.t * 1e3},{s.v / 1e3:.6f}"),
    Kind("unit-in-the-preamble", "CH1", "Vertical Units,mV\nHorizontal Units,ms\nTIME,CH1\n",
         lambda s: f"{s.t * 1e3},{s.v * 1e3:.2f}"),
    Kind("unit-in-the-preamble-kilo", "CH1", "Y Units,kV\nX Units,s\nTIME,CH1\n", volts_as(1e-3, 7)),
    Kind("unit-in-a-yokogawa-preamble", "CH9", '"TraceName","CH9"\n"VUnit","mV"\n"HResolution",4000\n"HUnit","ms"\n',
         lambda s: f",{s.v * 1e3:.2f}"),
    Kind("amperes-not-in-the-way", "U", "time [s],I [A],U [V]\n", "{t},0.5,{v}"),
    Kind("ohms-and-celsius-not-in-the-way", "U", "time [s],R (ohm),T (°C),U\n", "{t},120.5,21.3,{v}"),
    Kind("a-name-in-other-brackets", "CH1 (rail)", "time [s],CH1 (rail)\n", "{t},{v}"),
    Kind("a-number-in-brackets", "U (CH1)", "Time (s),U (CH1)\n", "{t},{v}"),
    Kind("unknown-unit-not-in-the-way", "U", "time [s],F [furlong],U [V]\n", "{t},3.2,{v}"),
]  # fmt: skip


@each(UNITS)
def test_units(kind, tmp_path):
    both_verdicts(kind, tmp_path)


NO_VOLTAGE = [
    ("amperes", "time [s],I [A]\n", "I [A]", "no voltage"),
    ("milliamperes", "time [s],I_rail (mA)\n", "I_rail (mA)", "no voltage"),
    ("ohms", "time [s],R (ohm)\n", "R (ohm)", "no voltage"),
    ("celsius", "time [s],T [°C]\n", "T [°C]", "no voltage"),
    ("watts-in-a-row-of-units", "time,P\ns,W\n", "P", "no voltage"),
    ("amperes-in-the-preamble", "Vertical Units,A\nHorizontal Units,s\nTIME,CH1\n", "CH1", "no voltage"),
    ("mega-or-milli", "time [s],U [MV]\n", "U [MV]", "write it as mV, or in volts"),
    ("two-units", "time [s],U [V] (mV)\n", "U [V] (mV)", "which is it"),
    ("furlongs", "time [s],U [furlong]\n", "U [furlong]", r"in furlong, no unit that is known here: write it as \[V\]"),
    (
        "furlongs-in-the-preamble",
        "Vertical Units,furlong\nHorizontal Units,s\nTIME,CH1\n",
        "CH1",
        "in furlong, no unit",
    ),
    ("unknown-in-a-row-of-units", "time,U\n(s),(grok)\n", "U", "grok"),
    ("no-unit-of-time", "time,U\n", "U", r"name it 'time \[s\]'"),
    ("no-time", "U,P\n", "U", r"name it 'time \[s\]'"),
]


@pytest.mark.parametrize(("name", "head", "channel", "said"), NO_VOLTAGE, ids=[entry[0] for entry in NO_VOLTAGE])
def test_what_is_no_voltage_or_no_time_is_refused(name, head, channel, said, tmp_path):
    path = put(tmp_path / "t.csv", table(head, "{t},{v}", samples(SHORT)))
    with pytest.raises(BadInput, match=said) as error:
        verdict_of(path, channel)
    assert "\n" not in str(error.value)


def options(path, *more, channel="CH1", outcome="690s"):
    at = ["--at", f"activation={DOWN_S}s", "--at", f"outcome={outcome}", "--assume", "mains on"]
    return ["check", str(path), "--map", f"ch_mv={channel}", *at, *more]


PLAUSIBLE = [
    ("a tenth", 0.1, "never above 1.31 V", "--scale 10"),
    ("a hundredth", 0.01, "never above 0.131 V", "--scale 100"),
    ("the wrong way round", -1, "goes down to -13.1 V", "--scale -1"),
    ("millivolts called volts", 1000, "reaches 13100 V", "--scale 0.001"),
    ("a probe set to 10 that is none", 10, "reaches 131 V", "--scale 0.1"),
]


@pytest.mark.parametrize(("name", "factor", "said", "cure"), PLAUSIBLE, ids=[entry[0] for entry in PLAUSIBLE])
def test_what_is_no_rail_is_refused_with_the_option_that_mends_it(name, factor, said, cure, tmp_path, capsys):
    for off, status in ((SHORT, 0), (LONG, 1)):
        path = put(tmp_path / "t.csv", table("time [s],CH1\n", volts_as(factor), samples(off)))
        assert main(options(path)) == 2
        err = capsys.readouterr().err
        assert said in err and "--scale" in err and err.count("\n") == 1
        assert main(options(path, *cure.split())) == status, capsys.readouterr().out
        capsys.readouterr()


@pytest.mark.parametrize(
    ("factor", "scale", "status"), [(0.1, 10, 0), (-1, -1, 0), (1e3, 1e-3, 0), (5, 0.2, 0), (0.01, 100, 0)]
)
def test_a_scale_that_is_said_is_taken_at_its_word(factor, scale, status, tmp_path):
    path = put(tmp_path / "t.csv", table("time [s],CH1\n", volts_as(factor, 5), samples(SHORT)))
    verdict, _ = verdict_of(path, "CH1", scale=scale)
    assert verdict.status == ("pass", "fail")[status]


@pytest.mark.parametrize("volts", [0.0, 0.4, 1.9])
def test_a_dark_rail_is_judged_when_somebody_says_so(volts, tmp_path, capsys):
    found = samples(ROWS, off_v=volts, up_v=volts)
    path = put(tmp_path / "t.csv", table("time [s],CH1\n", lambda s: f"{s.t},{s.v + s.i % 7 / 100}", found))
    assert main(options(path)) == 2 and "--scale 1 says that it is so" in capsys.readouterr().err
    assert main(options(path, "--scale", "1")) == 1


def holed(how, at, count, off=SHORT, **kw):
    """A table with a hole: rows left out, or written in some way, from row `at` on."""
    lines = []
    for s in samples(off, **kw):
        if at <= s.i < at + count:
            if how is None:
                continue
            lines.append(f"{s.t},{how}")
        else:
            lines.append(f"{s.t},{s.v}")
    return "time [s],CH1\n" + "\n".join(lines) + "\n"


UNSEEN = [
    ("rows", None), ("empty", ""), ("nan", "nan"), ("NaN", "NaN"), ("sentinel", "9.9e37"), ("negative", "-9.9E+37"),
    ("overflow", "OVERFLOW"), ("OVERLOAD", "OVERLOAD"), ("OL", "OL"), ("stars", "****"), ("more-stars", "******"),
    ("infinite", "inf"), ("sign", "∞"), ("dashes", "---"), ("missing", "N/A"), ("open", "OPEN"),
]  # fmt: skip


@pytest.mark.parametrize("how", [how for _, how in UNSEEN], ids=[name for name, _ in UNSEEN])
def test_what_nobody_saw_is_undecided_and_the_cause_says_when(how, tmp_path):
    # long enough for a cut that the rule does not allow
    path = put(tmp_path / "t.csv", holed(how, 70, 60))
    verdict, capture = verdict_of(path, "CH1")
    assert verdict.status == "undecided"
    assert "no sample from 276 s to 520 s" in verdict.cause or "4 min" in verdict.cause, verdict.cause
    assert capture.bands["ch_mv"].holes


@pytest.mark.parametrize("how", [None, "", "9.9E+37", "****"])
@pytest.mark.parametrize("at", [1, 2, 115])
def test_a_hole_near_the_first_or_the_last_row(how, at, tmp_path):
    count = 57 if at > 2 else 60
    down = 90 if at < 3 else 30
    lines = []
    for i in range(ROWS):
        cell = how if at <= i < at + count else UP_V if not down <= i < down + 20 else OFF_V
        if cell is not None:
            lines.append(f"{i * EVERY_S},{cell}")
    path = put(tmp_path / "t.csv", "time [s],CH1\n" + "\n".join(lines) + "\n")
    verdict, _ = verdict_of(path, "CH1", down_s=4 if at < 3 else down * EVERY_S)
    assert verdict.status == "undecided" and "no sample" in verdict.cause, verdict


@pytest.mark.parametrize("how", ["", "nan", "OVERFLOW"])
@pytest.mark.parametrize("last", [False, True])
def test_a_hole_at_the_very_edge(how, last, tmp_path):
    # no sample on its other side: what nobody has seen cannot be a pass
    begin = ROWS - 60 if last else 0
    lines = [f"{i * EVERY_S},{how if begin <= i < begin + 60 else UP_V}" for i in range(ROWS)]
    path = put(tmp_path / "t.csv", "time [s],CH1\n" + "\n".join(lines) + "\n")
    verdict, _ = verdict_of(path, "CH1", down_s=400 if last else 0)
    assert verdict.status == "undecided", verdict


@pytest.mark.parametrize("every_s", [190, 240, 600])
def test_samples_too_far_apart_are_undecided(every_s, tmp_path):
    path = put(tmp_path / "t.csv", table("time [s],CH1\n", "{t},{v}", samples(0, every_s)))
    verdict, _ = verdict_of(path, "CH1", down_s=every_s, outcome_s=100 * every_s)
    assert verdict.status == "undecided" and re.search("sample|apart|short", verdict.cause), verdict


@pytest.mark.parametrize("how", [None, "", "nan", "9.9e37", "OL"])
@pytest.mark.parametrize(
    ("at", "count", "off", "status"),
    [(100, 20, SHORT, "pass"), (35, 10, LONG, "fail"), (140, 10, LONG, "fail"), (150, 20, SHORT, "pass")],
)
def test_a_hole_that_cannot_matter_decides_nothing(how, at, count, off, status, tmp_path):
    path = put(tmp_path / "t.csv", holed(how, at, count, off))
    verdict, capture = verdict_of(path, "CH1")
    if off == LONG and at == 35:
        assert verdict.status in (status, "undecided") and verdict.status != "pass"
    else:
        assert verdict.status == status, verdict
    assert any("a hole without samples" in text for text in capture.rests_on)


MAINS = [(230.0, {}, "pass"), (3.3, {"thresholds": {"mains": 1_000}}, "pass"), (5.0, {}, "pass"), (24.0, {}, "pass")]


@pytest.mark.parametrize(("volts", "probes", "status"), MAINS)
def test_mains_as_a_voltage(volts, probes, status, tmp_path):
    # on throughout but for the last half minute
    text = table("time [s],CH1,supply [V]\n", lambda s: f"{s.t},{s.v},{volts * (s.t < 660)}", samples(SHORT))
    path = put(tmp_path / "t.csv", text)
    verdict, capture = verdict_of(path, "CH1", wires={"mains": "supply"}, assumed={}, outcome_s=600, **probes)
    assert verdict.status == status
    said = next(text for text in capture.rests_on if text.startswith("mains"))
    assert "high from" in said and ("as stated" in said) == bool(probes)


@pytest.mark.parametrize(("low", "high"), [(0.0, 0.5), (-230.0, 230.0), (0.0, 0.0)])
def test_mains_that_is_no_plain_voltage_needs_a_threshold(low, high, tmp_path, capsys):
    text = table("time [s],CH1,supply [V]\n", lambda s: f"{s.t},{s.v},{high if s.i % 2 else low}", samples(SHORT))
    path = put(tmp_path / "t.csv", text)
    asked = ["check", str(path), "--map", "ch_mv=CH1", "--map", "mains=supply"]
    assert main(asked) == 2
    err = capsys.readouterr().err
    assert "--threshold mains=V" in err and err.count("\n") == 1


def logic(off=SHORT * EVERY_S, bit=0, others=0):
    """A second a sample: a rail on one bit, others as they are."""
    return [(int(not DOWN_S <= t < DOWN_S + off) << bit) | others for t in range(700)]


def volts(off=SHORT * EVERY_S):
    return [OFF_V if DOWN_S <= t < DOWN_S + off else UP_V for t in range(700)]


DIGITAL = {"threshold_mv": 10_800}


@pytest.mark.parametrize(
    ("unit", "bit"), [(1, 0), (1, 7), (2, 0), (2, 8), (2, 15), (3, 16), (3, 23), (4, 31), (5, 33), (7, 55), (8, 63)]
)
def test_sessions_of_samples_of_several_bytes(unit, bit, tmp_path):
    for off, status in ((100, "pass"), (220, "fail")):
        noise = [value | (t % 3 == 0) << ((bit + 5) % (8 * unit)) for t, value in enumerate(logic(off, bit))]
        path = session(tmp_path / "s.sr", ("1 Hz", unit, {bit + 1: "rail"}, {}, noise))
        verdict, _ = verdict_of(path, "rail", **DIGITAL)
        assert verdict.status == status
        assert verdict.witness.amount_us == pytest.approx(off * S, abs=S)


@pytest.mark.parametrize(
    "doubled", [{1: "rail", 2: "D", 3: "D"}, {1: "rail", 5: "x", 8: "x"}, {1: "rail", 2: "", 3: ""}]
)
def test_a_doubled_name_troubles_only_who_asks_for_it(doubled, tmp_path, capsys):
    path = session(tmp_path / "s.sr", ("1 Hz", 1, doubled, {}, logic()))
    verdict, _ = verdict_of(path, "rail", **DIGITAL)
    assert verdict.status == "pass"
    if name := doubled.get(2) or doubled.get(5):
        assert main(options(path, "--threshold", "10.8V", channel=name)) == 2
        err = capsys.readouterr().err
        assert f"two channels are called '{name}': give them names of their own" in err


@pytest.mark.parametrize("which", [0, 1])
def test_channels_of_one_of_two_devices(which, tmp_path):
    devices = [("10 Hz", 2, {1: "aux"}, {}, [0] * 7000), ("10 Hz", 2, {1: "aux2"}, {}, [0, 1] * 3500)]
    devices.insert(which, ("1 Hz", 1, {1: "rail", 2: "mains"}, {}, logic(others=2)))
    path = session(tmp_path / "s.sr", *devices)
    verdict, _ = verdict_of(path, "rail", assumed={}, **DIGITAL)
    assert verdict.status == "pass"


@pytest.mark.parametrize("analog", [False, True])
def test_channels_of_two_devices_are_refused(analog, tmp_path):
    other = ("10 Hz", 1, {}, {1: ("supply", [13.0] * 7000)}, []) if analog else ("2 Hz", 1, {1: "supply"}, {}, [1] * 99)
    path = session(tmp_path / "s.sr", ("1 Hz", 1, {1: "rail"}, {}, logic()), other)
    with pytest.raises(BadInput, match="take channels of one device"):
        verdict_of(path, "rail", wires={"mains": "supply"}, assumed={}, thresholds={"mains": 5_000}, **DIGITAL)


def test_a_name_on_both_devices_is_doubled(tmp_path):
    device = ("1 Hz", 1, {1: "rail"}, {}, logic())
    with pytest.raises(BadInput, match="two channels are called 'rail'"):
        verdict_of(session(tmp_path / "s.sr", device, device), "rail", **DIGITAL)


ONE = ("1 Hz", 1, {1: "rail"}, {}, logic())
SECTION = b"[device 1]\ncapturefile=logic-1\n"
BROKEN = [
    ("no metadata", {"drop": ["metadata"]}, "without metadata"),
    ("no samples", {"drop": ["logic-1-1", "logic-1-2"]}, "are missing"),
    ("the first part is gone", {"drop": ["logic-1-1"]}, "missing"),
    ("truncated", {"cut": 40}, "cut short"),
    ("half of it", {"cut": 250}, "cut short"),
    ("metadata that is none", {"files": {"metadata": b"\x00\xff\xfe"}}, "no sigrok session|metadata"),
    ("no device", {"files": {"metadata": b"[global]\nsigrok version=0.5.2\n"}}, "names no device"),
    ("no rate", {"files": {"metadata": SECTION + b"probe1=rail\nunitsize=1\n"}}, "no samplerate"),
    ("bytes of a sample", {"files": {"metadata": SECTION + b"samplerate=1 Hz\nprobe1=rail\nunitsize=0\n"}},
     "unitsize 0"),
    ("three bytes a sample", {"files": {"metadata": SECTION + b"samplerate=1 Hz\nprobe1=rail\nunitsize=3\n"}},
     "cut short|whole"),
    ("no channels", {"files": {"metadata": SECTION + b"samplerate=1 Hz\nunitsize=1\n"}}, "no channel"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "how", "said"), BROKEN, ids=[entry[0] for entry in BROKEN])
def test_sessions_that_are_broken(name, how, said, tmp_path):
    with pytest.raises(BadInput, match=said) as error:
        verdict_of(session(tmp_path / "s.sr", ONE, **how), "rail", **DIGITAL)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("of_rail", "of_other"), [(700, 699), (350, 700), (700, 0)])
def test_sessions_of_channels_of_unequal_lengths(of_rail, of_other, tmp_path):
    analogs = {3: ("V", volts()[:of_rail]), 4: ("W", volts()[:of_other])}
    with pytest.raises(BadInput, match="different numbers of samples"):
        verdict_of(session(tmp_path / "s.sr", ("1 Hz", 1, {}, analogs, [])), "V")


@pytest.mark.parametrize(("at", "count", "status"), [(300, 20, "pass"), (300, 200, "undecided"), (0, 1, "pass")])
def test_analog_samples_that_are_no_numbers(at, count, status, tmp_path):
    for bad in (float("nan"), float("inf")):
        rail = [bad if at <= t < at + count else v for t, v in enumerate(volts())]
        path = session(tmp_path / "s.sr", ("1 Hz", 1, {1: "D0"}, {2: ("V", rail)}, [0] * 700))
        verdict, _ = verdict_of(path, "V")
        assert verdict.status == status, verdict
