"""The picture of a ring: which accounts and links are drawn, where, and what is said about the rest.

A ring of thousands becomes its best-linked accounts; of their links a spanning forest of the heaviest always stays, so
that what hangs together is seen to, and then the heaviest of the others. The caption says what was left out.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass

from stillwatch.campaigns.campaign import Campaign, Link
from stillwatch.report.labels import Label, Spot, labels
from stillwatch.report.layout import spread
from stillwatch.report.wording import clipped, count, counted, family, figure, visible

WIDTH, HEIGHT = 480, 340  # of the drawing, in its own units
_MARGIN = 18
_LINKS_A_NODE = 3  # chosen: more is a hairball and shows less
_MOST_NAMED = 14  # chosen: with more accounts the names cover each other
_NAME_LETTERS = 20
_STRONGEST = 12


@dataclass(frozen=True, slots=True)
class Node:
    """One account in the picture."""

    name: str
    x: float
    y: float
    radius: float
    words: str


@dataclass(frozen=True, slots=True)
class Edge:
    """One link in the picture, between positions in `Ring.nodes`."""

    left: int
    right: int
    thickness: float
    words: str


@dataclass(frozen=True, slots=True)
class StrongLink:
    """A row of the table beside the picture, for those who cannot see it."""

    left: str
    right: str
    weight: float
    families: str


@dataclass(frozen=True, slots=True)
class Ring:
    """A ring, ready to be drawn."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    caption: str
    labels: tuple[Label, ...]
    families: tuple[tuple[str, int], ...]  # how many of all given links each family speaks for
    strongest: tuple[StrongLink, ...]


def ring(campaign: Campaign, most_nodes: int) -> Ring | None:
    """The picture of a campaign's links, or None where it has none to draw."""
    links = _distinct(campaign)
    if not links:
        return None
    members = _best_linked(links, most_nodes)
    position = {account: place for place, account in enumerate(members)}
    inner = [link for link in links if link.left in position and link.right in position]
    drawn = _drawn(inner, len(members))
    ends = [(position[link.left], position[link.right], link.weight) for link in drawn]
    heaviest = max((link.weight for link in drawn), default=1.0)
    nodes = _nodes(campaign, members, ends)
    return Ring(
        nodes=nodes,
        edges=tuple(_edge(campaign, link, position, heaviest) for link in drawn),
        caption=_caption(campaign, links, len(members), len(drawn), most_nodes),
        labels=_labels(nodes),
        families=tuple(sorted(_families(links).items(), key=lambda item: (-item[1], item[0]))),
        strongest=tuple(_strong(campaign, link) for link in links[:_STRONGEST]),
    )


def _distinct(campaign: Campaign) -> list[Link]:
    """Links between two members with a weight that can be drawn, one a pair, the heaviest first."""
    size = len(campaign.accounts)
    heaviest: dict[tuple[int, int], Link] = {}
    for link in campaign.links:
        pair = (min(link.left, link.right), max(link.left, link.right))
        if pair[0] < 0 or pair[1] >= size or pair[0] == pair[1] or not 0 < link.weight < math.inf:
            continue
        if pair not in heaviest or heaviest[pair].weight < link.weight:
            heaviest[pair] = link
    return [heaviest[pair] for pair in sorted(heaviest, key=lambda pair: (-heaviest[pair].weight, pair))]


def _best_linked(links: list[Link], most: int) -> list[int]:
    strength: defaultdict[int, float] = defaultdict(float)
    for link in links:
        strength[link.left] += link.weight
        strength[link.right] += link.weight
    best = sorted(strength, key=lambda account: (-strength[account], account))[:most]
    return sorted(best)


def _drawn(links: list[Link], nodes: int) -> list[Link]:
    """A spanning forest of the heaviest links (Kruskal 1956), then the heaviest others up to the bound."""
    group: dict[int, int] = {}

    def root(account: int) -> int:
        while group.setdefault(account, account) != account:
            group[account] = group[group[account]]
            account = group[account]
        return account

    forest, others = [], []
    for link in links:
        left, right = root(link.left), root(link.right)
        if left == right:
            others.append(link)
        else:
            group[left] = right
            forest.append(link)
    return forest + others[: max(0, _LINKS_A_NODE * nodes - len(forest))]


def _nodes(campaign: Campaign, members: list[int], ends: list[tuple[int, int, float]]) -> tuple[Node, ...]:
    degree = Counter(end for left, right, _ in ends for end in (left, right))
    places = spread(len(members), ends)
    size = 9.0 if len(members) <= 40 else 7.0 if len(members) <= 90 else 5.5
    most = max(degree.values(), default=1)
    nodes = []
    for place, account in enumerate(members):
        x, y = places[place]
        name = clipped(campaign.accounts[account], _NAME_LETTERS)
        nodes.append(
            Node(
                name=name,
                x=round(_MARGIN + x * (WIDTH - 2 * _MARGIN), 1),
                y=round(_MARGIN + y * (HEIGHT - 2 * _MARGIN), 1),
                radius=round(size * (0.55 + 0.45 * math.sqrt(degree[place] / most)), 1),
                words=f"{name}: {counted(degree[place], 'link')} drawn",
            )
        )
    return tuple(nodes)


def _labels(nodes: tuple[Node, ...]) -> tuple[Label, ...]:
    if len(nodes) > _MOST_NAMED:
        return ()
    return labels([Spot(visible(node.name), node.x, node.y, node.radius) for node in nodes], WIDTH, HEIGHT)


def _edge(campaign: Campaign, link: Link, position: dict[int, int], heaviest: float) -> Edge:
    left, right = (clipped(campaign.accounts[end], _NAME_LETTERS) for end in (link.left, link.right))
    spoken = ", ".join(family(name) for name in link.families) or "no family named"
    return Edge(
        left=position[link.left],
        right=position[link.right],
        thickness=round(0.5 + 2.5 * link.weight / heaviest, 1),
        words=f"{left} and {right}: {clipped(spoken, 80)}; weight {figure(link.weight)}",
    )


def _strong(campaign: Campaign, link: Link) -> StrongLink:
    return StrongLink(
        left=clipped(campaign.accounts[link.left]),
        right=clipped(campaign.accounts[link.right]),
        weight=link.weight,
        families=", ".join(family(name) for name in link.families),
    )


def _families(links: list[Link]) -> Counter[str]:
    return Counter(name for link in links for name in set(link.families))


def _caption(campaign: Campaign, links: list[Link], nodes: int, edges: int, most_nodes: int) -> str:
    size = len(campaign.accounts)
    if nodes == size:
        accounts = f"All {counted(size, 'account')}"
    elif nodes == most_nodes:
        accounts = f"A sample: the {count(nodes)} best-linked of {counted(size, 'account')}"
    else:
        accounts = f"{count(nodes)} of {counted(size, 'account')}; the others have no link in the sample that was kept"
    lines = (
        f"all {counted(edges, 'link')}" if edges == len(links) else f"{count(edges)} of {counted(len(links), 'link')}"
    )
    return f"{accounts}; {lines}. A thicker line weighs more."
