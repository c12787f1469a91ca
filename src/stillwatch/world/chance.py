"""Chance that falls the same way for the same name, on every Python and whatever the hash seed.

Only `random.Random.random` is drawn from: Python guarantees its sequence for a seed, and guarantees nothing for
`choice`, `sample` and the distributions, which are therefore written out here.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")


class Chance:
    """A stream of chance named by `key`; streams of different names are independent."""

    __slots__ = ("random",)

    def __init__(self, *key: object) -> None:
        self.random = Random("/".join(map(str, key))).random  # noqa: S311 - worlds are made again, not kept secret

    def below(self, n: int) -> int:
        """A whole number from 0 to n - 1."""
        return int(self.random() * n)

    def between(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return low + int(self.random() * (high - low + 1))

    def uniform(self, low: float, high: float) -> float:
        """A number between `low` and `high`."""
        return low + self.random() * (high - low)

    def happens(self, probability: float) -> bool:
        """Whether something of this probability happens."""
        return self.random() < probability

    def pick(self, items: Sequence[T]) -> T:
        """One of `items`, each as likely."""
        return items[int(self.random() * len(items))]

    def zipf(self, items: Sequence[T]) -> T:
        """One of `items`, the k-th about proportional to 1/k (log-uniform rank)."""
        return items[int(math.exp(self.random() * math.log(len(items) + 1))) - 1]

    def weighted(self, items: Sequence[T], weights: Sequence[float]) -> T:
        """One of `items` by weight."""
        point = self.random() * math.fsum(weights)
        for item, weight in zip(items, weights, strict=True):
            point -= weight
            if point < 0:
                return item
        return items[-1]

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """All of `items` in any order (Fisher-Yates)."""
        mixed = list(items)
        for last in range(len(mixed) - 1, 0, -1):
            other = int(self.random() * (last + 1))
            mixed[last], mixed[other] = mixed[other], mixed[last]
        return mixed

    def sample(self, items: Sequence[T], count: int) -> list[T]:
        """`count` different ones of `items`, or all of them."""
        return self.shuffled(items)[:count]

    def exponential(self, mean: float) -> float:
        """Exponentially distributed with this mean."""
        return -mean * math.log(1.0 - self.random())

    def normal(self) -> float:
        """Standard normal (Box and Muller 1958)."""
        return math.sqrt(-2.0 * math.log(1.0 - self.random())) * math.cos(2.0 * math.pi * self.random())

    def lognormal(self, median: float, sigma: float) -> float:
        """Lognormal with this median; `sigma` is the standard deviation of the logarithm."""
        return median * math.exp(sigma * self.normal())

    def gamma(self, shape: float) -> float:
        """Gamma with this shape and scale 1 (Marsaglia and Tsang 2000; below shape 1 by their boost)."""
        if shape < 1.0:
            return self.gamma(shape + 1.0) * math.pow(1.0 - self.random(), 1.0 / shape)
        d = shape - 1.0 / 3.0
        c = 1.0 / math.sqrt(9.0 * d)
        while True:
            x = self.normal()
            v = (1.0 + c * x) ** 3
            if v > 0 and math.log(1.0 - self.random()) < 0.5 * x * x + d - d * v + d * math.log(v):
                return float(d * v)

    def poisson(self, mean: float) -> int:
        """Poisson with this mean: unit-rate arrivals counted until the mean has passed."""
        count, at = 0, self.exponential(1.0)
        while at < mean:
            count, at = count + 1, at + self.exponential(1.0)
        return count

    def quantile(self, levels: Sequence[float], values: Sequence[float]) -> float:
        """From a distribution known by its quantiles, geometric in between. `levels` run from 0 to 1."""
        u = self.random()
        right = min(max(bisect_right(levels, u), 1), len(levels) - 1)
        share = (u - levels[right - 1]) / (levels[right] - levels[right - 1])
        return math.exp((1 - share) * math.log(values[right - 1]) + share * math.log(values[right]))

    def hex(self, digits: int) -> str:
        """So many hexadecimal digits."""
        return f"{int(self.random() * (1 << 52)) & ((1 << (4 * digits)) - 1):0{digits}x}"
