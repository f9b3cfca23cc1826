"""How sign-ins and exchanges of refresh tokens end, for the metrics."""

from typing import Final

from prometheus_client import Counter

logins: Final = Counter("logins_total", "Attempts to sign in by how they ended.", ["outcome"])
reuse: Final = Counter(
    "refresh_reuse_total",
    "Refresh tokens that came a second time: tolerated, as the shipping client does, or their family revoked.",
    ["outcome"],
)
# From the beginning at zero: a first increase is seen only by who has seen what was before.
for outcome in ("success", "refused", "throttled"):
    logins.labels(outcome)
for outcome in ("tolerated", "revoked"):
    reuse.labels(outcome)
