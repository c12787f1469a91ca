"""Who is compared: our marks, and the two that transformers ships, at strengths that they are used with."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from stillwatch.pseudonym import Secret
from stillwatch.watermark.keys import MasterKeys
from stillwatch.watermark.scheme import Kind, Scheme
from stillwatch.watermark.serving.mark import Mark

MASTER = MasterKeys(Secret(b"a secret of this benchmark only."))


class Maker(StrEnum):
    """Whose marks."""

    NONE = "no mark"
    OURS = "ours"
    DRAWN = "ours, keyed draw"
    KGW = "KGW"
    SYNTHID = "SynthID"


@dataclass(frozen=True, slots=True)
class Contender:
    """One way to mark. `strength` in logits, where it has one; `least_nats`: the gate."""

    maker: Maker
    strength: float = 0.0
    window: int = 1
    least_nats: float = 0.0

    @property
    def name(self) -> str:
        """As tables say it."""
        parts = [self.maker.value]
        if self.maker in (Maker.OURS, Maker.DRAWN):
            parts.append(f"h={self.window}")
        if self.maker in (Maker.OURS, Maker.KGW):
            parts.append(f"strength {self.strength:g}")
        if self.least_nats:
            parts.append(f"gate {self.least_nats:g}")
        return ", ".join(parts)

    def scheme(self) -> Scheme:
        """Of ours."""
        return Scheme(kind=Kind.GUMBEL if self.maker is Maker.DRAWN else Kind.RED_GREEN, window=self.window)

    def mark(self, tokenizer: str, epoch: int = 0) -> Mark:
        """Ours, under the fleet's key of an epoch."""
        key = MASTER.key(self.scheme(), tokenizer, epoch=epoch)
        return Mark(key, None, self.strength or 1.0, self.least_nats)


CONTENDERS = (
    Contender(Maker.NONE),
    Contender(Maker.SYNTHID),
    Contender(Maker.DRAWN, window=2),
    Contender(Maker.OURS, 2.0),
    Contender(Maker.KGW, 2.0),
    Contender(Maker.OURS, 2.0, window=2),
    Contender(Maker.OURS, 3.0, least_nats=1.0),
    Contender(Maker.OURS, 3.0),
    Contender(Maker.KGW, 3.0),
    Contender(Maker.OURS, 1.0),
    Contender(Maker.KGW, 1.0),
    Contender(Maker.DRAWN),
)
"""In the order in which a round is answered; no mark comes first, since all others are held against it."""
