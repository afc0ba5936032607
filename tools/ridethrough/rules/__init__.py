"""Rules over traces. Knows neither worlds nor guests, so it judges a capture of a real meter as well."""

from ridethrough.support.lazy import lazily

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ridethrough.rules.evidence import Evidence
    from ridethrough.rules.rule import Rule
    from ridethrough.rules.verdict import Verdict, Worst

__all__ = ["Evidence", "Rule", "Verdict", "Worst"]
__getattr__ = lazily(
    __name__,
    {
        "Evidence": "ridethrough.rules.evidence",
        "Rule": "ridethrough.rules.rule",
        "Verdict": "ridethrough.rules.verdict",
        "Worst": "ridethrough.rules.verdict",
    },
)
