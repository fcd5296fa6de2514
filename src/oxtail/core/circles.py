"""Circles in a directed graph of names, in an order that does not depend on that of the arcs."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

Arc = tuple[str, str]


def _followers(arcs: Collection[Arc]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for start, end in sorted(arcs):
        found.setdefault(start, []).append(end)
        found.setdefault(end, [])
    return found


def _components(followers: Mapping[str, list[str]]) -> dict[str, int]:
    """Return for each node the number of its strongly connected component.

    Tarjan's way, with a stack of its own: a chain of waits may be longer than Python recurses.
    """
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    component: dict[str, int] = {}
    open_nodes: list[str] = []
    for root in followers:
        if root in index:
            continue
        path = [(root, iter(followers[root]))]
        index[root] = low[root] = len(index)
        open_nodes.append(root)
        while path:
            node, left = path[-1]
            following = next(left, None)
            if following is None:
                path.pop()
                if path:
                    low[path[-1][0]] = min(low[path[-1][0]], low[node])
                if low[node] == index[node]:
                    while True:
                        member = open_nodes.pop()
                        component[member] = index[node]
                        if member == node:
                            break
            elif following not in index:
                index[following] = low[following] = len(index)
                open_nodes.append(following)
                path.append((following, iter(followers[following])))
            elif following not in component:
                low[node] = min(low[node], index[following])
    return component


def on_circles(arcs: Collection[Arc]) -> frozenset[str]:
    """Return every node that is part of some circle."""
    component = _components(_followers(arcs))
    return frozenset(node for arc in arcs if component[arc[0]] == component[arc[1]] for node in arc)


def shortest_circles(
    arcs: Collection[Arc], seeds: Collection[Arc], most: int
) -> tuple[tuple[str, ...], ...]:
    """Return circles in *arcs* such that each of *seeds* that is part of one is in one of them.

    Each circle is a shortest one through one of the seeds.  It begins with its smallest node; of
    equally short ones the one with the smaller nodes is taken.

    Args:
        arcs: The graph.
        seeds: Some of its arcs.
        most: How many circles to return at most.
    """
    followers = _followers(arcs)
    component = _components(followers)
    found: list[tuple[str, ...]] = []
    covered: set[Arc] = set()
    for seed in sorted(seeds):
        if len(found) == most:
            break
        start, end = seed
        if seed in covered or component[start] != component[end]:
            continue
        circle = _shortest_path(followers, component, end, start)
        covered.update(zip(circle, (*circle[1:], circle[0]), strict=True))
        turn = circle.index(min(circle))
        found.append((*circle[turn:], *circle[:turn]))
    return tuple(sorted(found, key=lambda circle: (len(circle), circle)))


def _shortest_path(
    followers: Mapping[str, list[str]], component: Mapping[str, int], start: str, end: str
) -> tuple[str, ...]:
    """Return the nodes from *start* to *end*, which lie in one component."""
    came_from: dict[str, str] = {}
    queue = deque([start])
    while start != end and end not in came_from:
        node = queue.popleft()
        for following in followers[node]:
            if component[following] == component[start] and following not in came_from:
                came_from[following] = node
                queue.append(following)
    path = [end]
    while path[-1] != start:
        path.append(came_from[path[-1]])
    return tuple(reversed(path))
