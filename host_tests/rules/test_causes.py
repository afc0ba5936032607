"""The cause that an undecided verdict names is one whose cure decides it."""

import pytest
from ridethrough.traces.load import ProbeMap, load_capture
from support import S, of

LITERAL = {
    "forbid": "CH power off", "lasting": "3 min or more", "per": "cut", "ends_when": "back", "during": "any reboot",
    "from": "reset", "to": "outcome",
}  # fmt: skip


def sampled(path, cut_s, **stated_s):
    """A table with a sample each second, and CH power off for `cut_s` from 700 s on."""
    rows = [f"{t},{0 if 700 <= t < 700 + cut_s else 12},1\n" for t in range(1500)]
    path.write_text("time [s],rail,mains\n" + "".join(rows))
    capture = load_capture(path, ProbeMap({"ch_mv": "rail"}, 1.0), (0.0,))
    for name, t_s in stated_s.items():
        kind = "activation" if name == "activation" else ""
        capture.state("reset" if kind or name == "reset" else name, t_s * S, kind)
    capture.log.sort(key=lambda e: e.t_us)
    return capture


@pytest.mark.parametrize(
    ("cut_s", "tolerance", "stated_s", "cause"),
    [
        (200, "0 s", {"activation": 650}, "the end of the reboot was not captured"),
        (200, "1 min", {"activation": 650}, "the end of the reboot was not captured"),
        (200, "1 min", {"activation": 650, "outcome": 1000}, "within the tolerance of 60 s of the limit"),
        (180, "0 s", {"activation": 650, "outcome": 1000}, "'rail' is sampled every 1 s"),
        (180, "1 min", {"activation": 650, "outcome": 1000}, "'rail' is sampled every 1 s"),
    ],
)
def test_a_finer_probe_is_asked_for_only_where_it_would_help(tmp_path, cut_s, tolerance, stated_s, cause):
    verdict = of(**LITERAL, tolerance=tolerance).check(sampled(tmp_path / "a.csv", cut_s, **stated_s))
    assert (verdict.status, verdict.cause) == ("undecided", cause)


def test_a_reset_that_is_stated_without_its_kind_is_a_reboot(tmp_path):
    rule = of(forbid="reboot", times="once or more")
    assert rule.check(sampled(tmp_path / "a.csv", 0, reset=650)).status == "fail"


def test_with_mains_on_a_reset_is_no_power_up(tmp_path):
    rule = of(forbid="reboot", times="once or more")
    path = tmp_path / "c.csv"
    for mains, status in ((1, "fail"), (0, "undecided")):
        rows = [f"{t},12,{mains if t < 640 else 1},{int(t == 650)}\n" for t in range(1500)]
        path.write_text("time [s],rail,mains,reset\n" + "".join(rows))
        capture = load_capture(path, ProbeMap({"ch_mv": "rail"}, 1.0), (0.0,))
        assert rule.check(capture).status == status, mains
